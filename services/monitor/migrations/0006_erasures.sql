-- What an erased customer failed at is in the memory of the instances that fold, and packed in fold_tallies: each partition's owner
-- takes it out at its next checkpoint. The row, which names the customer, lives until then.
CREATE TABLE fold_erasures (
    partition   int  NOT NULL,
    customer_id text NOT NULL,
    PRIMARY KEY (partition, customer_id)
);
CREATE INDEX fold_erasures_customer ON fold_erasures (customer_id);
CREATE TRIGGER wake AFTER INSERT ON fold_erasures FOR EACH STATEMENT EXECUTE FUNCTION wake();

-- All incidents that touched one customer.
CREATE INDEX impact_customer ON impact (customer_id);
