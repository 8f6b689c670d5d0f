-- Tickets and all that is said on them, the incidents they may be about, and the promises about them.

CREATE SEQUENCE ticket_numbers START 1001;

CREATE TABLE tickets (
    id          text        PRIMARY KEY,
    number      bigint      NOT NULL UNIQUE,  -- what people say; gaps are fine, a second use is not
    customer_id text        NOT NULL,
    channel     text        NOT NULL,
    subject     text        NOT NULL,
    component   text,
    priority    text        NOT NULL,
    status      text        NOT NULL,
    assignee    text,
    incident_id text,                         -- the one it is linked to now; links has the history
    opened_at   timestamptz NOT NULL,         -- when the customer wrote
    changed_at  timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE INDEX tickets_customer ON tickets (customer_id, number);
CREATE INDEX tickets_status   ON tickets (status, number);
CREATE INDEX tickets_incident ON tickets (incident_id, number) WHERE incident_id IS NOT NULL;
CREATE INDEX tickets_assignee ON tickets (assignee, number) WHERE assignee IS NOT NULL;

-- What was said on a ticket, by the customer, an agent or Forewarn itself.
CREATE TABLE messages (
    id          text        PRIMARY KEY,
    ticket_id   text        NOT NULL REFERENCES tickets,
    at          timestamptz NOT NULL,
    side        text        NOT NULL,         -- customer or support
    author      text        NOT NULL,
    kind        text        NOT NULL,         -- request, answer, resolved, reply
    subject     text        NOT NULL,
    body        text        NOT NULL,
    incident_id text,
    words       tsvector    GENERATED ALWAYS AS (to_tsvector('simple', subject || ' ' || body)) STORED
);
CREATE INDEX messages_ticket ON messages (ticket_id, at);
CREATE INDEX messages_words  ON messages USING gin (words);

-- Every link between a ticket and an incident there ever was: once unlinked by an agent, never linked again.
CREATE TABLE links (
    ticket_id   text        NOT NULL REFERENCES tickets,
    incident_id text        NOT NULL,
    reasons     text[]      NOT NULL,
    linked_at   timestamptz NOT NULL,
    answered_at timestamptz,                  -- when the customer was told its status; null when the ticket was too old
    unlinked_at timestamptz,
    unlinked_by text,
    verdict     text,                         -- what the agent said it is instead
    PRIMARY KEY (ticket_id, incident_id)
);

-- Promises. A stopped or breached clock stays as it is.
CREATE TABLE clocks (
    ticket_id   text        NOT NULL REFERENCES tickets,
    clock       text        NOT NULL,         -- first_response
    started_at  timestamptz NOT NULL,
    warn_at     timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    warned_at   timestamptz,
    breached_at timestamptz,
    stopped_at  timestamptz,
    answered_by text,                         -- forewarn, an agent, or null when it was resolved without a word
    PRIMARY KEY (ticket_id, clock)
);

-- Who did what to a ticket, for people to read.
CREATE TABLE history (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id text        NOT NULL REFERENCES tickets,
    at        timestamptz NOT NULL,
    who       text        NOT NULL,
    what      text        NOT NULL,
    detail    jsonb       NOT NULL
);
CREATE INDEX history_ticket ON history (ticket_id, id);

-- What incidents.v1 said.
CREATE TABLE incidents (
    id          text        PRIMARY KEY,
    rule        text        NOT NULL,
    component   text        NOT NULL,
    severity    text        NOT NULL,
    title       text        NOT NULL,
    started_at  timestamptz NOT NULL,
    resolved_at timestamptz                   -- null while it is open
);

-- The facts of incidents.v1 that have had their effect: said again, they have none.
CREATE TABLE heard (
    fact_id  text        PRIMARY KEY,
    heard_at timestamptz NOT NULL
);

CREATE TABLE impact (
    incident_id   text        NOT NULL,
    customer_id   text        NOT NULL,
    certainty     text        NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    count         bigint      NOT NULL,
    PRIMARY KEY (incident_id, customer_id)
);
CREATE INDEX impact_customer ON impact (customer_id);

-- When each customer was first told of an incident, as notifications.v1 says.
CREATE TABLE told (
    incident_id text        NOT NULL,
    customer_id text        NOT NULL,
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (incident_id, customer_id)
);
