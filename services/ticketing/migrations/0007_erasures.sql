-- What was erased stays erased: a request that was taken before its customer's erasure makes no ticket when it comes again.

-- The ids of those requests: UUIDv5 of what named the request, so they say nothing of the customer.
CREATE TABLE erased_messages (
    id        text        PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX erased_messages_age ON erased_messages (erased_at);

-- What there is of one customer.
CREATE INDEX told_customer ON told (customer_id);
CREATE INDEX impact_to_match_customers ON impact_to_match USING gin (customers);
