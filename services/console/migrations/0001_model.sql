-- The read model: what the topics say, in the shape that screens ask for. Every row follows from facts alone (no clock of ours, no
-- sequence), so that a rebuild from the topics gives the same rows byte for byte. Handlers take the row of `gate` first: one
-- transaction at a time writes the model, so counts stay right, and the ids in `changes` are visible in their order.

CREATE TABLE gate (one boolean PRIMARY KEY DEFAULT true CHECK (one));
INSERT INTO gate DEFAULT VALUES;

CREATE TABLE customers (
    id              text        PRIMARY KEY,
    name            text        NOT NULL DEFAULT '',
    account         text,
    tier            text,
    locale          text        NOT NULL DEFAULT 'en',
    timezone        text        NOT NULL DEFAULT 'UTC',
    contacts        jsonb       NOT NULL DEFAULT '[]',  -- [{channel, address, role}]
    addresses       text[]      NOT NULL DEFAULT '{}',  -- the same addresses in lower case, for the search
    consent         jsonb       NOT NULL DEFAULT '{}',
    account_manager text,
    revenue         double precision,
    renews_at       date,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX customers_addresses ON customers USING gin (addresses);

CREATE TABLE incidents (
    id             text        PRIMARY KEY,
    rule           text        NOT NULL,
    component      text        NOT NULL,
    severity       text        NOT NULL,
    symptom        text        NOT NULL DEFAULT 'failing',
    title          text        NOT NULL,
    status         text        NOT NULL,               -- open ⇄ resolved, withdrawn, dismissed
    started_at     timestamptz NOT NULL,               -- event time of the first bad event
    opened_at      timestamptz NOT NULL,
    failing_at     timestamptz,                        -- event time: the end of the last failing window, as last said
    silent_since   timestamptz,                        -- event time of the last event, while nothing is heard
    ended_at       timestamptz,                        -- of the latest end; NULL while it is open
    ended_by       text,                               -- the person who ended it
    note           text        NOT NULL DEFAULT '',
    reason         text,                               -- why it was withdrawn
    behind_seconds double precision NOT NULL DEFAULT 0,
    revision       int         NOT NULL,               -- of the latest fact taken; facts that do not exceed it change no column of this table
    said_at        timestamptz NOT NULL,               -- the time of that fact
    why            jsonb       NOT NULL DEFAULT '{}',  -- figures against thresholds, as last said
    -- counted from `impact`, by its trigger
    affected       int         NOT NULL DEFAULT 0,     -- customers it touches
    told           int         NOT NULL DEFAULT 0,     -- of them, told that it was opened
    untold         int         NOT NULL DEFAULT 0,     -- of them, not told, for a reason that is known
    wrote          int         NOT NULL DEFAULT 0,     -- of them, wrote about it
    told_first     int         NOT NULL DEFAULT 0,     -- of the told, those who never wrote about it, or later
    -- counted from `tickets`, by its trigger
    tickets        int         NOT NULL DEFAULT 0,     -- linked to it now
    tickets_open   int         NOT NULL DEFAULT 0      -- of them, open, in progress or waiting
);
CREATE INDEX incidents_open ON incidents (opened_at DESC, id DESC) WHERE status = 'open';
CREATE INDEX incidents_latest ON incidents (opened_at DESC, id DESC);
CREATE INDEX incidents_ended ON incidents (opened_at DESC, id DESC) WHERE status <> 'open';
CREATE INDEX incidents_of_component ON incidents (component, opened_at DESC, id DESC);
CREATE INDEX incidents_age ON incidents (ended_at) WHERE status <> 'open';
CREATE INDEX incidents_silent ON incidents (silent_since, id) WHERE status = 'open' AND silent_since IS NOT NULL;

-- One customer and one incident: whether it touches them, whether they were told, whether they wrote about it.
-- Facts of three topics meet here in any order; a row with no first_seen_at is not (yet) in the incident's impact and counts nowhere.
CREATE TABLE impact (
    incident_id     text        NOT NULL,
    customer_id     text        NOT NULL,
    certainty       text,
    first_seen_at   timestamptz,
    last_seen_at    timestamptz,
    count           int         NOT NULL DEFAULT 0,    -- their bad events
    found_at        timestamptz,                       -- when monitor first said that it touches them
    told_at         timestamptz,                       -- when they were first told that it was opened
    untold_reason   text,                              -- while not told: why not, as last said
    notification_id text,                              -- of what tells, or does not tell, that it was opened
    wrote_at        timestamptz,                       -- when they first wrote: the earliest of their tickets that are linked to it now
    ticket_id       text,                              -- that ticket
    PRIMARY KEY (incident_id, customer_id)
);
CREATE INDEX impact_of_customer ON impact (customer_id, first_seen_at, incident_id);
CREATE INDEX impact_first_seen ON impact (incident_id, first_seen_at, customer_id) WHERE first_seen_at IS NOT NULL;
CREATE INDEX impact_told ON impact (incident_id, first_seen_at, customer_id) INCLUDE (told_at)
    WHERE told_at IS NOT NULL AND first_seen_at IS NOT NULL;
CREATE INDEX impact_not_told ON impact (incident_id, coalesce(untold_reason, ''), first_seen_at, customer_id) INCLUDE (untold_reason)
    WHERE told_at IS NULL AND first_seen_at IS NOT NULL;
CREATE INDEX impact_wrote ON impact (incident_id, first_seen_at, customer_id) INCLUDE (told_at, wrote_at)
    WHERE wrote_at IS NOT NULL AND first_seen_at IS NOT NULL;

CREATE INDEX impact_age ON impact (last_seen_at);

CREATE TABLE notifications (
    id              text        PRIMARY KEY,
    customer_id     text        NOT NULL,
    kind            text        NOT NULL,
    incident_id     text,
    ticket_id       text,
    status          text        NOT NULL,               -- delivered, failed, suppressed
    reason          text,                               -- why failed or suppressed
    channel         text,
    at              timestamptz NOT NULL,               -- when it was settled so
    message_id      text,
    subject         text        NOT NULL DEFAULT '',    -- the words as they were sent
    body            text        NOT NULL DEFAULT '',
    why             jsonb       NOT NULL DEFAULT '{}',  -- the figures of the decision
    answer          text        NOT NULL DEFAULT '',    -- what the provider said
    unsubscribed_at timestamptz                         -- the customer used the link under it
);
CREATE INDEX notifications_of_customer ON notifications (customer_id, at DESC, id DESC);
CREATE INDEX notifications_of_incident ON notifications (incident_id, at, id) WHERE incident_id IS NOT NULL;
CREATE INDEX notifications_of_ticket ON notifications (ticket_id, at, id) WHERE ticket_id IS NOT NULL;
CREATE INDEX notifications_age ON notifications (at);
CREATE INDEX notifications_words ON notifications (at) WHERE subject <> '' OR body <> '' OR answer <> '';
CREATE INDEX notifications_failed ON notifications (at DESC, id DESC) WHERE status = 'failed';

CREATE TABLE tickets (
    id                      text        PRIMARY KEY,
    number                  bigint      NOT NULL,
    customer_id             text        NOT NULL,
    channel                 text        NOT NULL DEFAULT '',
    subject                 text        NOT NULL DEFAULT '',
    component               text,
    priority                text        NOT NULL DEFAULT 'normal',
    status                  text        NOT NULL,       -- open, in_progress, waiting, resolved, closed
    assignee                text,
    incident_id             text,                       -- linked to it now
    opened_at               timestamptz NOT NULL,
    changed_at              timestamptz NOT NULL,       -- the time of the latest fact taken
    resolved_at             timestamptz,
    due_at                  timestamptz,                -- of the first response
    warned_at               timestamptz,
    breached_at             timestamptz,
    stopped_at              timestamptz,                -- the promise ended: the response was given, or it was resolved without one
    responded_at            timestamptz,                -- the first response, whoever gave it
    responded_by            text,
    responded_automatically boolean     NOT NULL DEFAULT false,
    person_responded_at     timestamptz,                -- a person's first reply
    reopened                int         NOT NULL DEFAULT 0,  -- how often
    last_word_at            timestamptz,                -- of the latest message on it
    last_word_side          text                        -- customer, support
);
CREATE INDEX tickets_number ON tickets (number);
CREATE INDEX tickets_of_customer ON tickets (customer_id, opened_at DESC);
CREATE INDEX tickets_of_incident ON tickets (incident_id, status, opened_at) WHERE incident_id IS NOT NULL;
CREATE INDEX tickets_queue ON tickets (status, opened_at, number) WHERE status IN ('open', 'in_progress', 'waiting');
CREATE INDEX tickets_held ON tickets (assignee, status, opened_at) WHERE status IN ('open', 'in_progress', 'waiting');
CREATE INDEX tickets_opened ON tickets (opened_at);
-- For the queue: those that owe no first response, by age; those that owe one, by clock; and of either those of no incident, of one
-- incident, one agent's and nobody's. What a filter leaves out is not read, however much of it there is.
CREATE INDEX tickets_answered ON tickets (status, opened_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND (responded_at IS NOT NULL OR due_at IS NULL);
CREATE INDEX tickets_unlinked ON tickets (status, opened_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND incident_id IS NULL;
CREATE INDEX tickets_nobodys ON tickets (status, opened_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND assignee IS NULL;
CREATE INDEX tickets_due ON tickets (status, due_at, number) WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL;
CREATE INDEX tickets_unlinked_due ON tickets (status, due_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL AND incident_id IS NULL;
CREATE INDEX tickets_linked_due ON tickets (incident_id, status, due_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL AND incident_id IS NOT NULL;
CREATE INDEX tickets_held_due ON tickets (assignee, status, due_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL AND assignee IS NOT NULL;
CREATE INDEX tickets_nobodys_due ON tickets (status, due_at, number)
    WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL AND assignee IS NULL;
CREATE INDEX tickets_age ON tickets (changed_at) WHERE status = 'closed';

CREATE TABLE messages (
    id          text        PRIMARY KEY,
    ticket_id   text        NOT NULL,
    at          timestamptz NOT NULL,
    side        text        NOT NULL,                   -- customer, support
    author      text        NOT NULL,
    kind        text        NOT NULL,                   -- request, answer, reply
    subject     text        NOT NULL,
    body        text        NOT NULL,
    incident_id text
);
CREATE INDEX messages_of_ticket ON messages (ticket_id, at, id);

CREATE TABLE suggestions (
    ticket_id    text        NOT NULL,
    incident_id  text        NOT NULL,
    score        double precision NOT NULL,
    reasons      text[]      NOT NULL,
    suggested_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, incident_id)
);

CREATE TABLE risks (
    customer_id   text        NOT NULL,
    rule          text        NOT NULL,
    score         double precision NOT NULL,
    contributions jsonb       NOT NULL DEFAULT '{}',
    evidence      text[]      NOT NULL DEFAULT '{}',
    raised_at     timestamptz NOT NULL,
    cleared_at    timestamptz,
    reason        text,
    PRIMARY KEY (customer_id, rule)
);
CREATE INDEX risks_age ON risks (cleared_at) WHERE cleared_at IS NOT NULL;

-- What happened, one row a fact about an incident or a ticket (impacts and notifications are in `moments`): the time lines, and what
-- tells a fact that comes again from a new one.
CREATE TABLE timeline (
    id          text        PRIMARY KEY,                -- of the fact
    at          timestamptz NOT NULL,
    service     text        NOT NULL,                   -- who said so: monitor, notifier, ticketing
    what        text        NOT NULL,                   -- the fact: incident.opened, ticket.replied, …
    incident_id text,
    ticket_id   text,
    who         text,                                   -- the person, where one acted
    detail      jsonb       NOT NULL DEFAULT '{}',      -- what the fact adds, without anything personal
    words       text[]      NOT NULL DEFAULT '{}'       -- why, in words that may quote the customer: reasons of a link, verdict, resolution
);
CREATE INDEX timeline_of_incident ON timeline (incident_id, at, id) WHERE incident_id IS NOT NULL;
CREATE INDEX timeline_of_monitor ON timeline (incident_id, at, id) WHERE incident_id IS NOT NULL AND service = 'monitor';
CREATE INDEX timeline_of_ticket ON timeline (ticket_id, at, id) WHERE ticket_id IS NOT NULL;

-- How many customers of an incident were found touched, told, not told in each second; kept by the triggers of `impact` and `notifications`.
CREATE TABLE moments (
    incident_id text        NOT NULL,
    second      timestamptz NOT NULL,
    what        text        NOT NULL,                   -- touched; opened, resolved, …: the kind that was delivered; suppressed, failed
    customers   int         NOT NULL,
    PRIMARY KEY (incident_id, second, what) INCLUDE (customers)  -- a time line reads thousands, which lie far apart in the table
);
CREATE INDEX moments_none ON moments (incident_id) WHERE customers = 0;  -- to be deleted in the same statement

-- Counts of tickets that are open, in progress or waiting, by what lists group them by; kept by the trigger of `tickets`.
CREATE TABLE ticket_counts (
    status      text        NOT NULL,
    incident_id text        NOT NULL,                   -- '' for none
    assignee    text        NOT NULL,                   -- '' for nobody
    tickets     int         NOT NULL,
    PRIMARY KEY (status, incident_id, assignee)
);
CREATE INDEX ticket_counts_none ON ticket_counts (status) WHERE tickets = 0;  -- to be deleted in the same statement

-- What became of notifications in each minute; kept by the trigger of `notifications`.
CREATE TABLE deliveries (
    minute        timestamptz NOT NULL,
    status        text        NOT NULL,
    channel       text        NOT NULL,                 -- '' for none
    reason        text        NOT NULL,                 -- '' for none
    notifications int         NOT NULL,
    PRIMARY KEY (minute, status, channel, reason)
);
CREATE INDEX deliveries_none ON deliveries (minute) WHERE notifications = 0;  -- to be deleted in the same statement

-- ── What is counted ──────────────────────────────────────────────────────────────────────────
-- Counts follow from rows by these triggers and by nothing else, so they are right after whatever is written or deleted. They move by
-- what a statement has moved: a row that came counts once, a row that went counts minus once. Names of tables have no schema: the same
-- functions serve the tables that a rebuild fills beside these.

CREATE FUNCTION moved(operation text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE operation
        WHEN 'INSERT' THEN 'SELECT 1 AS sign, * FROM came'
        WHEN 'DELETE' THEN 'SELECT -1 AS sign, * FROM went'
        ELSE 'SELECT 1 AS sign, * FROM came UNION ALL SELECT -1, * FROM went'
    END
$$;

-- Whoever deletes without having entered (retention) enters here.
CREATE FUNCTION enter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM gate FOR UPDATE;
    RETURN NULL;
END $$;
CREATE TRIGGER enter BEFORE DELETE ON incidents FOR EACH STATEMENT EXECUTE FUNCTION enter();
CREATE TRIGGER enter BEFORE DELETE ON impact FOR EACH STATEMENT EXECUTE FUNCTION enter();
CREATE TRIGGER enter BEFORE DELETE ON notifications FOR EACH STATEMENT EXECUTE FUNCTION enter();
CREATE TRIGGER enter BEFORE DELETE ON tickets FOR EACH STATEMENT EXECUTE FUNCTION enter();

-- Adds what has moved in `impact` to its incidents, and to the seconds in which customers were found.
CREATE FUNCTION count_impact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($sql$
        WITH moved AS (%s), figures AS (
            SELECT incident_id, sum(sign) AS affected, sum(sign * (told_at IS NOT NULL)::int) AS told,
                sum(sign * (told_at IS NULL AND untold_reason IS NOT NULL)::int) AS untold, sum(sign * (wrote_at IS NOT NULL)::int) AS wrote,
                sum(sign * (told_at IS NOT NULL AND coalesce(told_at <= wrote_at, true))::int) AS told_first
            FROM moved WHERE first_seen_at IS NOT NULL GROUP BY incident_id)
        UPDATE incidents SET affected = incidents.affected + figures.affected, told = incidents.told + figures.told,
            untold = incidents.untold + figures.untold, wrote = incidents.wrote + figures.wrote,
            told_first = incidents.told_first + figures.told_first
        FROM figures WHERE id = incident_id
            AND (figures.affected, figures.told, figures.untold, figures.wrote, figures.told_first) <> (0, 0, 0, 0, 0)
    $sql$, moved(TG_OP));
    EXECUTE format($sql$
        WITH moved AS (%s)
        INSERT INTO moments (incident_id, second, what, customers)
        SELECT incident_id, date_trunc('second', found_at), 'touched', sum(sign)
        FROM moved WHERE found_at IS NOT NULL GROUP BY 1, 2 HAVING sum(sign) <> 0
        ON CONFLICT (incident_id, second, what) DO UPDATE SET customers = moments.customers + excluded.customers
    $sql$, moved(TG_OP));
    DELETE FROM moments WHERE customers = 0;
    RETURN NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON impact REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION count_impact();
CREATE TRIGGER went AFTER DELETE ON impact REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION count_impact();
CREATE TRIGGER moved AFTER UPDATE ON impact REFERENCING NEW TABLE AS came OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION count_impact();

-- Adds what has moved in `notifications` to the seconds in which customers were told, or not, and to the minutes' outcomes.
CREATE FUNCTION count_notifications() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($sql$
        WITH moved AS (%s)
        INSERT INTO moments (incident_id, second, what, customers)
        SELECT incident_id, date_trunc('second', at), CASE status WHEN 'delivered' THEN kind ELSE status END, sum(sign)
        FROM moved WHERE incident_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(sign) <> 0
        ON CONFLICT (incident_id, second, what) DO UPDATE SET customers = moments.customers + excluded.customers
    $sql$, moved(TG_OP));
    DELETE FROM moments WHERE customers = 0;
    EXECUTE format($sql$
        WITH moved AS (%s)
        INSERT INTO deliveries (minute, status, channel, reason, notifications)
        SELECT date_trunc('minute', at), status, coalesce(channel, ''), coalesce(reason, ''), sum(sign)
        FROM moved GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0
        ON CONFLICT (minute, status, channel, reason) DO UPDATE SET notifications = deliveries.notifications + excluded.notifications
    $sql$, moved(TG_OP));
    DELETE FROM deliveries WHERE notifications = 0;
    RETURN NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON notifications REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION count_notifications();
CREATE TRIGGER went AFTER DELETE ON notifications REFERENCING OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION count_notifications();
CREATE TRIGGER moved AFTER UPDATE ON notifications REFERENCING NEW TABLE AS came OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION count_notifications();

-- Adds what has moved in `tickets` to the counts of lists and of incidents, and says anew who wrote about which incident first.
CREATE FUNCTION count_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    relinked_incidents text[];
    relinked_customers text[];
BEGIN
    EXECUTE format($sql$
        WITH moved AS (%s)
        INSERT INTO ticket_counts (status, incident_id, assignee, tickets)
        SELECT status, coalesce(incident_id, ''), coalesce(assignee, ''), sum(sign)
        FROM moved WHERE status IN ('open', 'in_progress', 'waiting') GROUP BY 1, 2, 3 HAVING sum(sign) <> 0
        ON CONFLICT (status, incident_id, assignee) DO UPDATE SET tickets = ticket_counts.tickets + excluded.tickets
    $sql$, moved(TG_OP));
    DELETE FROM ticket_counts WHERE tickets = 0;
    EXECUTE format($sql$
        WITH moved AS (%s), figures AS (
            SELECT incident_id, sum(sign) AS linked, sum(sign * (status IN ('open', 'in_progress', 'waiting'))::int) AS unresolved
            FROM moved WHERE incident_id IS NOT NULL GROUP BY incident_id)
        UPDATE incidents SET tickets = tickets + linked, tickets_open = tickets_open + unresolved
        FROM figures WHERE id = incident_id AND (linked, unresolved) <> (0, 0)
    $sql$, moved(TG_OP));
    EXECUTE format($sql$
        WITH moved AS (%s), relinked AS (
            SELECT incident_id, customer_id FROM moved WHERE incident_id IS NOT NULL
            GROUP BY id, incident_id, customer_id, opened_at HAVING sum(sign) <> 0)
        SELECT array_agg(incident_id), array_agg(customer_id) FROM (SELECT DISTINCT * FROM relinked) AS each
    $sql$, moved(TG_OP)) INTO relinked_incidents, relinked_customers;
    IF relinked_incidents IS NOT NULL THEN
        PERFORM say_who_wrote(relinked_incidents, relinked_customers);
    END IF;
    RETURN NULL;
END $$;

-- Writes when each of these customers first wrote about the incident beside them. Rows that say nothing (any more) do not stay.
CREATE FUNCTION say_who_wrote(incidents text[], customers text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO impact AS known (incident_id, customer_id, wrote_at, ticket_id)
    SELECT asked.incident_id, asked.customer_id, wrote.opened_at, wrote.id
    FROM unnest(incidents, customers) AS asked (incident_id, customer_id) LEFT JOIN LATERAL (
        SELECT t.opened_at, t.id FROM tickets t
        WHERE t.customer_id = asked.customer_id AND t.incident_id = asked.incident_id ORDER BY t.opened_at, t.id LIMIT 1) AS wrote ON true
    ON CONFLICT (incident_id, customer_id) DO UPDATE SET wrote_at = excluded.wrote_at, ticket_id = excluded.ticket_id
    WHERE (known.wrote_at, known.ticket_id) IS DISTINCT FROM (excluded.wrote_at, excluded.ticket_id);
    DELETE FROM impact USING unnest(incidents, customers) AS asked (incident_id, customer_id)
    WHERE (impact.incident_id, impact.customer_id) = (asked.incident_id, asked.customer_id)
        AND first_seen_at IS NULL AND told_at IS NULL AND untold_reason IS NULL AND wrote_at IS NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON tickets REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION count_tickets();
CREATE TRIGGER went AFTER DELETE ON tickets REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION count_tickets();
CREATE TRIGGER moved AFTER UPDATE ON tickets REFERENCING NEW TABLE AS came OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION count_tickets();

-- Counts what came before its incident did.
CREATE FUNCTION count_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incidents SET (affected, told, untold, wrote, told_first) = (
        SELECT count(*), count(told_at), count(untold_reason) FILTER (WHERE told_at IS NULL), count(wrote_at),
            count(told_at) FILTER (WHERE coalesce(told_at <= wrote_at, true))
        FROM impact WHERE incident_id = incidents.id AND first_seen_at IS NOT NULL)
    WHERE id IN (SELECT id FROM came);
    UPDATE incidents SET (tickets, tickets_open) = (
        SELECT count(*), count(*) FILTER (WHERE t.status IN ('open', 'in_progress', 'waiting')) FROM tickets t WHERE t.incident_id = incidents.id)
    WHERE id IN (SELECT id FROM came);
    RETURN NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON incidents REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION count_before();

-- ── What goes along ──────────────────────────────────────────────────────────────────────────

-- A ticket that is deleted takes along what was said on it.
CREATE FUNCTION take_along_of_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM messages WHERE ticket_id IN (SELECT id FROM went);
    DELETE FROM suggestions WHERE ticket_id IN (SELECT id FROM went);
    DELETE FROM timeline WHERE ticket_id IN (SELECT id FROM went);
    RETURN NULL;
END $$;
CREATE TRIGGER went_along AFTER DELETE ON tickets REFERENCING OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION take_along_of_tickets();

-- An incident that is deleted takes along what is left of it; whom it touched is deleted before, in pieces.
CREATE FUNCTION take_along_of_incidents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM impact WHERE incident_id IN (SELECT id FROM went);
    DELETE FROM notifications WHERE incident_id IN (SELECT id FROM went);
    DELETE FROM timeline WHERE incident_id IN (SELECT id FROM went) AND ticket_id IS NULL;
    DELETE FROM moments WHERE incident_id IN (SELECT id FROM went);
    RETURN NULL;
END $$;
CREATE TRIGGER went AFTER DELETE ON incidents REFERENCING OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION take_along_of_incidents();
