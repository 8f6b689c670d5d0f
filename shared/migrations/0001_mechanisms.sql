-- What the three mechanisms stand on; every service has these tables in its own schema.

-- The service's clock. Tests replace this function to move time by hand.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT statement_timestamp()';

-- Where each stream goes on in each partition: the truth about what has been processed.
CREATE TABLE offsets (
    stream    text   NOT NULL,
    topic     text   NOT NULL,
    partition int    NOT NULL,
    next      bigint NOT NULL,
    PRIMARY KEY (stream, topic, partition)
);

-- Facts that are true and not yet published.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text        NOT NULL,
    key           bytea,
    value         bytea,
    header_names  text[]      NOT NULL,
    header_values bytea[]     NOT NULL,
    written_at    timestamptz NOT NULL DEFAULT clock()
);

-- Work that is due: claimed under a lease token, by this database's clock.
CREATE TABLE due (
    kind     text        NOT NULL,
    ref      text        NOT NULL,
    due_at   timestamptz NOT NULL,           -- when it was promised
    ready_at timestamptz NOT NULL,           -- when it may be claimed: due_at, the end of a lease, or the next try
    attempts int         NOT NULL DEFAULT 0,
    lease    uuid,
    PRIMARY KEY (kind, ref)
);
CREATE INDEX due_ready ON due (kind, ready_at);

-- Answers already given to a POST with an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency (
    key        text        NOT NULL,
    route      text        NOT NULL,
    body_hash  bytea       NOT NULL,
    status     int         NOT NULL,
    response   bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (key, route)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Queues: rows live for moments, so their dead versions must go soon.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE FUNCTION wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, '');
    RETURN NULL;
END $$;
CREATE TRIGGER wake AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION wake();
CREATE TRIGGER wake AFTER INSERT ON due FOR EACH STATEMENT EXECUTE FUNCTION wake();
