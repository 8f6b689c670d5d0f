-- Who the customers are, which incidents there are, and what each customer was told, or why not.

-- The directory: what `customers.v1` says, without what nobody here needs.
CREATE TABLE customers (
    id         text        PRIMARY KEY,
    name       text        NOT NULL DEFAULT '',
    account    text,
    tier       text,
    locale     text        NOT NULL DEFAULT 'en',
    timezone   text        NOT NULL DEFAULT 'UTC',
    contacts   jsonb       NOT NULL DEFAULT '[]',  -- [{channel, address, role}]
    consent    jsonb       NOT NULL DEFAULT '{}',  -- {purpose: true or false}
    updated_at timestamptz NOT NULL,               -- the time of the fact; an older one changes nothing
    erased_at  timestamptz                         -- set for good; nothing personal is left then
);

-- What customers chose with us; it counts before the directory's consent. NULL: as the directory says.
CREATE TABLE preferences (
    customer_id text        PRIMARY KEY,
    incident    boolean,
    guidance    boolean,
    changed_at  timestamptz NOT NULL DEFAULT clock()
);

-- Addresses a provider said do not exist.
CREATE TABLE bad_addresses (
    customer_id text        NOT NULL,
    address     text        NOT NULL,
    detail      text        NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (customer_id, address)
);

CREATE TABLE incidents (
    id          text        PRIMARY KEY,
    rule        text        NOT NULL,
    component   text        NOT NULL,
    severity    text        NOT NULL,
    title       text        NOT NULL,
    started_at  timestamptz NOT NULL,
    status      text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),  -- open ⇄ resolved
    resolved_at timestamptz,
    resolved_by text,                              -- the id of the fact that said so, and how many facts led to it
    hops        int         NOT NULL DEFAULT 0
);

-- The ledger: one row is one thing that one customer must know, and what became of it.
CREATE TABLE notifications (
    id            text        PRIMARY KEY,        -- derived from what it is: the same thing is never told twice
    customer_id   text        NOT NULL,
    kind          text        NOT NULL,
    incident_id   text,
    ticket_id     text,                           -- set: a reply; NULL: we speak first
    ticket_number bigint,
    subject       text,                           -- a ticket's words; NULL: ours
    body          text,
    about_at      timestamptz NOT NULL,           -- since when it is true
    first_seen_at timestamptz,                    -- the customer's first bad event
    evidence      jsonb,                          -- why this customer
    cause_id      text,
    cause_hops    int         NOT NULL DEFAULT 0,
    status        text        NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed', 'suppressed')),
    reason        text,                           -- why suppressed or failed
    why           jsonb,                          -- the last decision's figures
    channel       text,
    sent_at       timestamptz,                    -- handed to a provider and not refused: they have it, or may have it
    settled_at    timestamptz,
    attempts      jsonb       NOT NULL DEFAULT '[]',  -- [{at, outcome, reason, detail}]
    created_at    timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX notifications_of_customer ON notifications (customer_id, created_at);
CREATE INDEX notifications_of_incident ON notifications (incident_id, created_at);
CREATE INDEX notifications_of_ticket ON notifications (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX notifications_latest ON notifications (created_at, id);
