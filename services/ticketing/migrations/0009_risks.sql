-- A case can be opened for a customer's risk before the customer writes.
ALTER TABLE tickets ADD COLUMN risk_id text;
