-- Tickets that name a component: customers who complain of it. A ticket that is linked to an incident is told already, and shows nothing new.
CREATE TABLE complaints (
    ticket_id   text        PRIMARY KEY,
    customer_id text        NOT NULL,
    component   text        NOT NULL,
    written_at  timestamptz NOT NULL, -- when the customer wrote
    heard_at    timestamptz NOT NULL DEFAULT clock(),
    linked_to   text                  -- the incident it is about
);
CREATE INDEX complaints_about ON complaints (component, written_at);
CREATE INDEX complaints_by ON complaints (customer_id);
CREATE INDEX complaints_written ON complaints (written_at);
CREATE INDEX complaints_heard ON complaints (heard_at);

-- Complaints that rise and that nothing else explains. They are no rows of `incidents`, so that a version that knows none tells nobody, and
-- takes none for an incident that mutes or touches anything; one that a person approves becomes a row there, under the same id.
CREATE TABLE candidates (
    id          text        PRIMARY KEY,
    rule        text        NOT NULL,
    component   text        NOT NULL,
    severity    text        NOT NULL,
    symptom     text        NOT NULL,
    title       text        NOT NULL,
    status      text        NOT NULL DEFAULT 'candidate'
        CHECK (status IN ('candidate', 'open', 'merged', 'withdrawn', 'dismissed', 'over')),
    started_at  timestamptz NOT NULL, -- when the first of the customers wrote
    found_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL, -- until when complaints were rising
    ended_at    timestamptz,
    ended_by    text,                 -- the person who approved or dismissed it
    note        text        NOT NULL DEFAULT '',
    revision    int         NOT NULL DEFAULT 0,
    customers   int         NOT NULL,
    why         jsonb       NOT NULL,
    merged_into text
);
CREATE UNIQUE INDEX candidates_living ON candidates (rule, component) WHERE status IN ('candidate', 'open');
CREATE INDEX candidates_over ON candidates (rule, component, ended_at);
CREATE INDEX candidates_waiting ON candidates (found_at DESC, id) WHERE status = 'candidate';
CREATE INDEX candidates_found ON candidates (found_at);
