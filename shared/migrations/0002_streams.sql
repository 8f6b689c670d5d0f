-- What stands between a bad record and everything behind it: brakes that can be released, two lanes out, rows no broker takes.

-- Topics an instance has stopped reading because most of it fails: one row a partition, until somebody reads on.
CREATE TABLE brakes (
    stream     text        NOT NULL,
    topic      text        NOT NULL,
    partition  int         NOT NULL,
    engaged_at timestamptz NOT NULL DEFAULT clock(),
    reasons    jsonb       NOT NULL,         -- how many of the records judged last failed, by reason
    samples    jsonb       NOT NULL,         -- the latest few of them: partition, offset, reason, detail, source
    release    text        CHECK (release IN ('retry', 'put_aside')),
    until      bigint,                       -- of put_aside: where the partition ended when it was released
    PRIMARY KEY (stream, topic, partition)
);

-- Facts are in lane 0. Product events that came by HTTP and dead letters are in lane 1, which no fact waits for.
ALTER TABLE outbox ADD COLUMN lane smallint NOT NULL DEFAULT 0;
CREATE INDEX outbox_lane ON outbox (lane, id);

-- Rows of the outbox that the broker refused when they were sent alone: kept until somebody sends them again.
CREATE TABLE unpublished (
    id            bigint      PRIMARY KEY,   -- as it was in the outbox
    lane          smallint    NOT NULL,
    topic         text        NOT NULL,
    key           bytea,
    value         bytea,
    header_names  text[]      NOT NULL,
    header_values bytea[]     NOT NULL,
    written_at    timestamptz NOT NULL,
    reason        text        NOT NULL,
    refused_at    timestamptz NOT NULL DEFAULT clock()
);
