-- Customers of an incident may have another trouble, which is an incident of its own. And whom a person took out of an incident stays out of
-- it when another one that touches them is merged into it.
ALTER TABLE incidents ADD COLUMN split_from text; -- the incident that its customers were taken from
CREATE INDEX incidents_split ON incidents (split_from) WHERE split_from IS NOT NULL;
ALTER TABLE impact ADD COLUMN taken_out boolean NOT NULL DEFAULT false; -- a person says that it does not touch them
