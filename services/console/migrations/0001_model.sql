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
    told_at         timestamptz,                       -- when they were first told that it was opened
    untold_reason   text,                              -- while not told: why not, as last said
    notification_id text,                              -- of what tells, or does not tell, that it was opened
    wrote_at        timestamptz,                       -- when they first wrote: the earliest of their tickets that are linked to it now
    ticket_id       text,                              -- that ticket
    PRIMARY KEY (incident_id, customer_id)
);
CREATE INDEX impact_of_customer ON impact (customer_id, incident_id);
CREATE INDEX impact_first_seen ON impact (incident_id, first_seen_at, customer_id) WHERE first_seen_at IS NOT NULL;
CREATE INDEX impact_told ON impact (incident_id, first_seen_at, customer_id) WHERE told_at IS NOT NULL AND first_seen_at IS NOT NULL;
CREATE INDEX impact_not_told ON impact (incident_id, coalesce(untold_reason, ''), first_seen_at, customer_id)
    WHERE told_at IS NULL AND first_seen_at IS NOT NULL;
CREATE INDEX impact_wrote ON impact (incident_id, first_seen_at, customer_id) WHERE wrote_at IS NOT NULL AND first_seen_at IS NOT NULL;

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
CREATE INDEX tickets_due ON tickets (due_at, number) WHERE status IN ('open', 'in_progress', 'waiting') AND responded_at IS NULL;
CREATE INDEX tickets_held ON tickets (assignee, status, opened_at) WHERE status IN ('open', 'in_progress', 'waiting');
CREATE INDEX tickets_opened ON tickets (opened_at);

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
    detail      jsonb       NOT NULL DEFAULT '{}'       -- what the fact adds, without anything personal
);
CREATE INDEX timeline_of_incident ON timeline (incident_id, at, id) WHERE incident_id IS NOT NULL;
CREATE INDEX timeline_of_monitor ON timeline (incident_id, at, id) WHERE incident_id IS NOT NULL AND service = 'monitor';
CREATE INDEX timeline_of_ticket ON timeline (ticket_id, at, id) WHERE ticket_id IS NOT NULL;

-- How many customers of an incident were touched, told, not told in each second.
CREATE TABLE moments (
    incident_id text        NOT NULL,
    second      timestamptz NOT NULL,
    what        text        NOT NULL,                   -- touched; opened, resolved, …: the kind that was delivered; suppressed, failed
    customers   int         NOT NULL,
    PRIMARY KEY (incident_id, second, what)
);

-- Counts of tickets that are open, in progress or waiting, by what lists group them by; kept by the trigger of `tickets`.
CREATE TABLE ticket_counts (
    status      text        NOT NULL,
    incident_id text        NOT NULL,                   -- '' for none
    assignee    text        NOT NULL,                   -- '' for nobody
    tickets     int         NOT NULL,
    PRIMARY KEY (status, incident_id, assignee)
);
