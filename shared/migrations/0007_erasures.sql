-- Customers who asked to be forgotten: that they did is remembered, so that facts older than that bring nothing of them back.

CREATE TABLE erasures (
    customer  bytea       PRIMARY KEY,  -- SHA-256 of the customer's id, which may be a mail address
    erased_at timestamptz NOT NULL,     -- when it was asked for, at the latest when this database heard of it
    fact      bytea       NOT NULL,     -- SHA-256 of the id of the latest fact that asked for it
    rows      jsonb       NOT NULL      -- how many rows were deleted or blanked, by the name of what they held, over all erasures
);

-- Whose data the kept answer shows: SHA-256 of the customer's id; null when it shows nobody's.
ALTER TABLE idempotency ADD COLUMN customer bytea;
CREATE INDEX idempotency_customer ON idempotency (customer) WHERE customer IS NOT NULL;
