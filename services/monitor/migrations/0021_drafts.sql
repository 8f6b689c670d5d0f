-- Rules that were published instead of rules.yml, and the times when it was gone back to the file: the latest row is in force.
CREATE TABLE published_rules (
    number       int         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text         text,       -- NULL: back to rules.yml
    note         text        NOT NULL,
    file_version text        NOT NULL, -- of what rules.yml said then
    by           text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT clock()
);

-- Drafts of rules that are tried, or were tried, on the past. What was found names no customer.
CREATE TABLE backtests (
    id       text        PRIMARY KEY,
    rules    text        NOT NULL, -- as they were written
    base     int         NOT NULL, -- the latest publication when the draft was begun; 0: none
    back     interval    NOT NULL, -- how far it goes back
    by       text        NOT NULL,
    tries    int         NOT NULL DEFAULT 0, -- how often a process has begun it
    asked_at timestamptz NOT NULL DEFAULT clock(),
    status   text        NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'running', 'done', 'failed')),
    done     bigint      NOT NULL DEFAULT 0, -- records read …
    size     bigint,                         -- … of so many
    reason   text        NOT NULL DEFAULT '',
    ended_at timestamptz,
    outcome  jsonb
);
CREATE UNIQUE INDEX backtests_running ON backtests (status) WHERE status = 'running'; -- one at a time, over all processes
