-- When the first try of a notification began: the Date of its mail, the same for every try.
ALTER TABLE notifications ADD COLUMN dated_at timestamptz;
