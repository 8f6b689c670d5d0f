-- Addresses of customers' own systems that are called when there is something to tell (webhooks), and what each of them has missed.

CREATE TABLE endpoints (
    id            text        PRIMARY KEY,                 -- its secrets are derived from this and FOREWARN_WEBHOOK_SECRET: none is stored
    customer_id   text        NOT NULL,
    url           text        NOT NULL,
    generation    int         NOT NULL DEFAULT 1,          -- of its secret: it grows when the secret is rotated
    rotated_at    timestamptz,                             -- the secret before signs for a while beside the new one
    failures      int         NOT NULL DEFAULT 0,          -- calls in a row that were not taken
    failing_since timestamptz,
    last_failure  text        NOT NULL DEFAULT '',         -- a status or the class of an error
    disabled_at   timestamptz,                             -- set: it is not called
    disabled_why  text        NOT NULL DEFAULT '',         -- gone, failing
    registered_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (customer_id, url)
);

-- Messages that an endpoint did not take, to be sent again when somebody asks for it.
CREATE TABLE endpoint_missed (
    endpoint_id     text        NOT NULL,
    notification_id text        NOT NULL,
    customer_id     text        NOT NULL,
    body            text        NOT NULL,
    missed_at       timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (endpoint_id, notification_id)
);
CREATE INDEX endpoint_missed_by_age ON endpoint_missed (missed_at);
CREATE INDEX endpoint_missed_of_customer ON endpoint_missed (customer_id);
