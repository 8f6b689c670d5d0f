-- What customers are to hear of an incident while it goes on, and maintenance that was announced.

ALTER TABLE incidents
    ADD COLUMN public  jsonb,                       -- the latest words of a person for customers
    ADD COLUMN news    int    NOT NULL DEFAULT 0,   -- the revision of the latest fact that means something to customers; 0: there was none
    ADD COLUMN news_at timestamptz,
    ADD COLUMN news_by text,                        -- that fact
    ADD COLUMN news_of text[] NOT NULL DEFAULT '{}';  -- what is new: severity, words, workaround, estimate, next_update

-- A period of maintenance: one that repeats has a row for each time it comes.
CREATE TABLE maintenance (
    id             text        PRIMARY KEY,            -- of the maintenance, and the revision of the fact that announced this period
    maintenance_id text        NOT NULL,
    revision       int         NOT NULL,               -- of the latest fact taken; facts that do not exceed it change nothing
    status         text        NOT NULL CHECK (status IN ('planned', 'running', 'over', 'cancelled')),  -- planned → running → over; → cancelled
    title          text        NOT NULL,
    text           text        NOT NULL,
    components     text[]      NOT NULL,               -- empty: all
    audience       jsonb       NOT NULL,               -- whom to tell, as the fact says it
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    called         int         NOT NULL,               -- the revision of the fact that named its audience last
    news           int         NOT NULL,               -- the revision of the latest fact that means something to customers …
    news_at        timestamptz NOT NULL,
    news_by        text        NOT NULL,               -- … and that fact
    hops           int         NOT NULL,
    written_at     timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX maintenance_periods ON maintenance (maintenance_id, revision);
CREATE INDEX maintenance_written ON maintenance (written_at);

ALTER TABLE notifications ADD COLUMN period text;   -- of maintenance that it is about
CREATE INDEX notifications_of_period ON notifications (period, customer_id) WHERE period IS NOT NULL;

-- Audiences may be named by these, too. They are known of customers who are said anew from now on.
ALTER TABLE customers ADD COLUMN account_manager text, ADD COLUMN revenue double precision;
