-- The fold's snapshot is stored as what changed, and let go by event time. `fold_buckets`, as older versions left it, is taken over when a
-- partition is loaded and has no rows after the first checkpoint.
-- `rule` is `<id>@<fingerprint>`: what a rule counted before it changed is not its own any more.
-- `part` tells checkpoints apart, later ones are greater; `clock` is how far the partition's event time had come.

-- Cells of one bucket of event time of one rule in one partition: msgpack of component → (events, bad events, first bad event, failing
-- customers, watermark). Of one component the greatest part counts.
CREATE TABLE fold_cells (
    partition int              NOT NULL,
    rule      text             NOT NULL,
    start     bigint           NOT NULL,
    part      bigint           NOT NULL,
    clock     double precision NOT NULL,
    cells     bytea            NOT NULL,
    PRIMARY KEY (partition, rule, start, part)
);

-- Customers' rows of failures: msgpack of component → customer → (first, last, count, bucket). Of one customer the greatest part counts.
CREATE TABLE fold_tallies (
    partition  int    NOT NULL,
    rule       text   NOT NULL,
    generation bigint NOT NULL,
    part       bigint NOT NULL,
    rows       bytea  NOT NULL,
    PRIMARY KEY (partition, rule, generation, part)
);

-- How far a component had come when its last bucket was let go, and before which event time nothing of it counts any more.
-- The component '' stands for all that are not known.
CREATE TABLE fold_components (
    partition int              NOT NULL,
    rule      text             NOT NULL,
    component text             NOT NULL,
    watermark double precision NOT NULL,
    closed    double precision NOT NULL,
    ahead     double precision NOT NULL, -- the latest time of an event that came ahead of our clock
    PRIMARY KEY (partition, rule, component)
);

-- How far each partition's event time has come.
CREATE TABLE fold_clocks (
    partition int PRIMARY KEY,
    clock     double precision NOT NULL
);

ALTER TABLE fold_seen ADD COLUMN clock double precision; -- none in rows of older versions: then it is the minute's end
