-- The day on which each customer renews who says one, by the latest that `customers.v1` says: less use shortly before it is a risk.
CREATE TABLE renewals (
    customer_id text PRIMARY KEY,
    renews_at   date        NOT NULL,
    said_at     timestamptz NOT NULL -- the time of the fact that said it
);
