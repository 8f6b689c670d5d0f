-- Maintenance that people announce: its row says how it stands, its periods what was muted when, and `muted` which trouble opened no incident.
CREATE TABLE maintenance (
    id           text PRIMARY KEY,
    title        text        NOT NULL,           -- for customers
    text         text        NOT NULL,
    components   text[]      NOT NULL,           -- none: all
    audience     jsonb       NOT NULL,
    first_starts_at timestamptz NOT NULL,        -- of the first period of the plan
    first_ends_at   timestamptz NOT NULL,
    repeat       text,                           -- RFC 5545 RRULE
    zone         text        NOT NULL,
    status       text        NOT NULL CHECK (status IN ('planned', 'running', 'over', 'cancelled')),
    starts_at    timestamptz NOT NULL,           -- of the period that runs, comes next, or was the last
    ends_at      timestamptz NOT NULL,
    revision     int         NOT NULL DEFAULT 0, -- counts the facts about it
    by           text        NOT NULL,           -- the person who planned it
    created_at   timestamptz NOT NULL,
    cancelled_at timestamptz,
    cancelled_by text
);
CREATE INDEX maintenance_newest ON maintenance (created_at DESC, id DESC);
CREATE INDEX maintenance_to_come ON maintenance (id) WHERE status IN ('planned', 'running');
CREATE INDEX maintenance_ends ON maintenance (ends_at);

-- What was muted when stays as it was, also when the plan changes: whoever reads events of that time again mutes the same.
CREATE TABLE maintenance_periods (
    maintenance_id text        NOT NULL REFERENCES maintenance (id) ON DELETE CASCADE,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    components     text[]      NOT NULL,
    PRIMARY KEY (maintenance_id, starts_at)
);
CREATE INDEX maintenance_periods_ends ON maintenance_periods (ends_at);

-- Trouble that opened no incident: once for each rule, component, and what muted it.
CREATE TABLE muted (
    by         text        NOT NULL,             -- maintenance or parent
    by_id      text        NOT NULL,             -- of the maintenance, or of the parent's incident
    rule       text        NOT NULL,
    component  text        NOT NULL,
    severity   text        NOT NULL,
    title      text        NOT NULL,
    started_at timestamptz NOT NULL,             -- event time of the first bad event, when it was seen first
    first_at   timestamptz NOT NULL,             -- event time: when it was seen first
    last_at    timestamptz NOT NULL,             -- event time: when it was seen last
    why        jsonb       NOT NULL,             -- the figures when it was seen last
    shadow     boolean     NOT NULL DEFAULT false, -- of a rule on trial: whom it finds is touched by nothing
    PRIMARY KEY (by_id, rule, component)
);
CREATE INDEX muted_last ON muted (last_at);

-- By this the incidents of some components are found that a moment of event time falls into.
CREATE INDEX incidents_near ON incidents (component, coalesce(ended_at, resolved_at, 'infinity'::timestamptz));

-- Alerts that were muted are looked at again when maintenance ends.
CREATE TRIGGER wake AFTER UPDATE OF status ON maintenance FOR EACH STATEMENT EXECUTE FUNCTION wake();
