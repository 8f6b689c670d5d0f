-- A row of the ledger changes when sending begins, and when it is settled. The first of these stays on its page, and no index hears of it:
-- so there is room on the page, and no index knows what that changes.
ALTER TABLE notifications SET (fillfactor = 50);

-- What customers got lately is found by when it was entered.
DROP INDEX notifications_sent;

-- Settled notifications that still have their words.
ALTER TABLE notifications ADD COLUMN has_words boolean NOT NULL DEFAULT true;
DROP INDEX notifications_words;
CREATE INDEX notifications_with_words ON notifications (settled_at) WHERE settled_at IS NOT NULL AND has_words;
