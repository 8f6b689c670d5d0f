-- Rules on single customers: what the fold remembers of each customer, and the risks that were raised.

-- Moments of customers: msgpack of how far event time had come, and customer → (last end, latest troubles). Of one customer the greatest
-- part counts. `rule` is `<id>@<fingerprint>`, as in fold_cells.
CREATE TABLE fold_moments (
    partition int    NOT NULL,
    rule      text   NOT NULL,
    part      bigint NOT NULL,
    rows      bytea  NOT NULL,
    PRIMARY KEY (partition, rule, part)
);

-- A risk's row is the truth about how it stands.
CREATE TABLE risks (
    id            text PRIMARY KEY,
    customer_id   text             NOT NULL,
    rule          text             NOT NULL,
    fingerprint   text             NOT NULL,            -- of the rule as it was
    version       text             NOT NULL,            -- of all that the rule said when it was raised
    partition     int              NOT NULL,            -- of the product events: its owner judges this customer
    title         text             NOT NULL,
    score         double precision NOT NULL,
    contributions jsonb            NOT NULL,
    evidence      text[]           NOT NULL,
    action        jsonb,
    began_at      timestamptz      NOT NULL,            -- event time of the first evidence
    last_at       timestamptz      NOT NULL,            -- event time of the last evidence when it was raised
    raised_at     timestamptz      NOT NULL,            -- on this database's clock
    cleared_at    timestamptz,
    reason        text,
    cleared_by    text,                                 -- the person who cleared it
    note          text             NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX risks_open_once ON risks (customer_id, rule) WHERE cleared_at IS NULL;
CREATE INDEX risks_of_customer ON risks (customer_id, rule, raised_at DESC);
CREATE INDEX risks_of_rule ON risks (rule, raised_at DESC, id DESC);
CREATE INDEX risks_newest ON risks (raised_at DESC, id DESC);
CREATE INDEX risks_open ON risks (raised_at DESC, id DESC) WHERE cleared_at IS NULL;
CREATE INDEX risks_judged ON risks (partition) WHERE cleared_at IS NULL;
CREATE INDEX risks_cleared ON risks (cleared_at) WHERE cleared_at IS NOT NULL;

-- The folding instances look, when monitor has read further, which customers' time has passed.
CREATE TRIGGER wake AFTER UPDATE OF read_to ON reading FOR EACH STATEMENT EXECUTE FUNCTION wake();
