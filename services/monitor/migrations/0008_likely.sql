-- How many of the customers that an incident touches are only likely touched: they used the component, and nothing of theirs has failed.
ALTER TABLE incidents ADD COLUMN likely int NOT NULL DEFAULT 0;
