-- A person may say that some customers of an incident have another trouble, which is an incident of its own. Whom events find in the component
-- still belongs to the one; of the other it is known whom it touches, and it ends when a person says so.
ALTER TABLE incidents ADD COLUMN split_from text; -- the incident that its customers were taken from
