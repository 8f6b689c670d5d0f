-- A customer has many names: a login, a billing id, an address, the anonymous id of a browser. Each leads to the customer whose it is.
-- Whoever writes holds the table's lock until the commit, so that versions become visible in their order: who has seen one has seen those before.
CREATE SEQUENCE aliases_version;
CREATE TABLE aliases (
    alias       text PRIMARY KEY,
    named       text        NOT NULL,                    -- the customer whom the claim names
    leads_to    text        NOT NULL,                    -- the next on the way there; the alias itself, when it is nobody's any more
    customer_id text        NOT NULL,                    -- the end of that way
    said_by     text        NOT NULL,                    -- customers: customers.v1; events: a product event
    said_at     timestamptz NOT NULL,
    since       timestamptz,                             -- events before it are those of `before`; null: it was nobody's before
    before      text        NOT NULL DEFAULT '',
    version     bigint      NOT NULL DEFAULT nextval('aliases_version')
);
CREATE INDEX aliases_customer ON aliases (customer_id);
CREATE INDEX aliases_named ON aliases (named) WHERE said_by = 'customers';
CREATE INDEX aliases_before ON aliases (before) WHERE before <> '';
CREATE INDEX aliases_version_of ON aliases (version);
CREATE INDEX aliases_said ON aliases (said_at);
CREATE TRIGGER wake AFTER INSERT OR UPDATE ON aliases FOR EACH STATEMENT EXECUTE FUNCTION wake();

-- What was counted under an alias before it was known as one, on its way to the partition of its customer, whose owner takes it in at the
-- next checkpoint: msgpack of `Belongings` in fold/moving.py.
CREATE TABLE fold_moves (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition   int   NOT NULL,
    alias       text  NOT NULL,
    customer_id text  NOT NULL,
    belongings  bytea NOT NULL
);
CREATE INDEX fold_moves_partition ON fold_moves (partition, id);
CREATE INDEX fold_moves_customer ON fold_moves (customer_id);
CREATE INDEX fold_moves_alias ON fold_moves (alias);
CREATE TRIGGER wake AFTER INSERT ON fold_moves FOR EACH STATEMENT EXECUTE FUNCTION wake();

-- What became of the records of each source, written in the transaction that takes them. `source` is topic/<topic>, hook/<name> or otlp.
CREATE TABLE sources (
    source    text PRIMARY KEY,
    since     timestamptz NOT NULL DEFAULT clock(), -- counting began
    last_at   timestamptz NOT NULL,                 -- the last record was taken
    mapped_at timestamptz,                          -- the last one was that became something
    mapped    bigint      NOT NULL DEFAULT 0,
    left_out  bigint      NOT NULL DEFAULT 0,       -- as the source says
    unmapped  bigint      NOT NULL DEFAULT 0,       -- that fit the mapping nowhere
    bad       bigint      NOT NULL DEFAULT 0        -- that could not be read
);

-- Why records became nothing, and the last one of each reason.
CREATE TABLE source_reasons (
    source  text        NOT NULL,
    reason  text        NOT NULL, -- of a closed list
    records bigint      NOT NULL,
    detail  text        NOT NULL, -- names fields, never what they hold
    place   text        NOT NULL, -- of the last one: partition and offset
    shape   text        NOT NULL, -- of the last one: its fields, with the kinds of their values in their places
    last_at timestamptz NOT NULL,
    PRIMARY KEY (source, reason)
);
