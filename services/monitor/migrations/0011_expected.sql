-- What rules on absence expect: an event of each component that one names, or that was heard once.
CREATE TABLE expected (
    rule        text        NOT NULL,
    component   text        NOT NULL,
    fingerprint text        NOT NULL, -- of the rule that expects it
    since       timestamptz NOT NULL, -- when the rule began to, on this database's clock
    heard_at    timestamptz,          -- when its last event was counted, on this database's clock
    spoke_at    timestamptz,          -- that event's own time
    missed      timestamptz,          -- after which hearing (or beginning) its absence was said: it is said once
    PRIMARY KEY (rule, component)
);
CREATE INDEX expected_heard ON expected (heard_at);
CREATE INDEX expected_waiting ON expected (rule, coalesce(heard_at, since)) WHERE missed IS DISTINCT FROM coalesce(heard_at, since);
