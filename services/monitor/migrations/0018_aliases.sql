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
