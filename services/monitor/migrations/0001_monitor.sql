-- What monitor keeps: the fold's snapshot, the windows it is judged by, incidents, and whom they touch.

-- One bucket of event time of one rule in one partition: msgpack of component → (events, bad events, failing customers).
CREATE TABLE fold_buckets (
    partition int    NOT NULL,
    rule      text   NOT NULL,
    start     bigint NOT NULL,
    cells     bytea  NOT NULL,
    PRIMARY KEY (partition, rule, start)
);

-- Identities counted, by the minute of their event time: 64-bit hashes, appended at every checkpoint.
CREATE TABLE fold_seen (
    partition int    NOT NULL,
    slot      bigint NOT NULL,
    part      bigint NOT NULL,
    ids       bytea  NOT NULL,
    PRIMARY KEY (partition, slot, part)
);

-- Where every record of a partition went: read = counted + duplicate + unmatched + dead.
CREATE TABLE fold_accounts (
    partition int PRIMARY KEY,
    read      bigint NOT NULL,
    counted   bigint NOT NULL,
    duplicate bigint NOT NULL,
    unmatched bigint NOT NULL,
    dead      bigint NOT NULL,
    late      bigint NOT NULL,
    ahead     bigint NOT NULL
);

-- One rule and component: its merged window and where its incident stands. `home` is its partition of the partials.
CREATE TABLE series (
    rule      text  NOT NULL,
    component text  NOT NULL,
    home      int   NOT NULL,
    state     bytea NOT NULL,
    PRIMARY KEY (rule, component)
);
CREATE INDEX series_home ON series (home);

CREATE TABLE incidents (
    id          text PRIMARY KEY,
    rule        text        NOT NULL,
    component   text        NOT NULL,
    severity    text        NOT NULL,
    title       text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('open', 'resolved')),
    started_at  timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,           -- when we found it, on this database's clock
    resolved_at timestamptz,                    -- event time, as started_at
    revision    int         NOT NULL DEFAULT 0,
    why         jsonb       NOT NULL
);
CREATE INDEX incidents_open ON incidents (rule, component) WHERE status = 'open';
CREATE INDEX incidents_newest ON incidents (opened_at DESC, id);

CREATE TABLE impact (
    incident_id   text        NOT NULL REFERENCES incidents (id),
    customer_id   text        NOT NULL,
    certainty     text        NOT NULL CHECK (certainty IN ('confirmed', 'likely')),
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    count         int         NOT NULL,
    PRIMARY KEY (incident_id, customer_id)
);

-- Folding instances look at once when an incident opens or ends.
CREATE TRIGGER wake AFTER INSERT OR UPDATE ON incidents FOR EACH STATEMENT EXECUTE FUNCTION wake();
