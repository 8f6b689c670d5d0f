-- A digest: several things that one customer must know are told in one message. Each keeps its row, its deliveries and its outcome.
ALTER TABLE notifications ADD COLUMN told_with text;  -- the notification in whose message it is told; NULL: it has one of its own
CREATE INDEX notifications_told_with ON notifications (told_with) WHERE told_with IS NOT NULL;
