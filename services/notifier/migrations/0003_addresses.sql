-- When the first try of a notification began: the Date of its mail, the same for every try.
ALTER TABLE notifications ADD COLUMN dated_at timestamptz;

-- What is told after all is as old as the last window of its incident that was failing, not as the customer's own trouble.
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS failing_at timestamptz;
