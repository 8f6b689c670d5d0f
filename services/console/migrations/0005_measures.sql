-- What the timer counted last of each period, and what waits on the dead letter topics: each shown everywhere from one row a period or topic.
CREATE TABLE figures (
    period  text        PRIMARY KEY,                    -- 24h, 7d, 30d: measures/registry.py
    since   timestamptz NOT NULL,
    at      timestamptz NOT NULL,                       -- when they were counted; the period ends here
    values  jsonb       NOT NULL                        -- by the names of measures/registry.py
);

CREATE TABLE letters (
    topic     text        PRIMARY KEY,                  -- without .dlq
    letters   bigint      NOT NULL,                     -- that are kept
    waiting   bigint      NOT NULL,                     -- of them, not sent back
    oldest_at timestamptz,                              -- when the oldest that waits was put aside
    reasons   jsonb       NOT NULL,                     -- of those that wait: reason → how many
    seen_at   timestamptz NOT NULL                      -- when the topic was read last
);
