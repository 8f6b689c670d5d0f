-- What is old goes: by when a row was written or settled, not by event time.
ALTER TABLE incidents ADD COLUMN written_at timestamptz NOT NULL DEFAULT clock();
CREATE INDEX incidents_written ON incidents (written_at);

-- Settled notifications that still have their words.
CREATE INDEX notifications_words ON notifications (settled_at) WHERE evidence IS NOT NULL OR why IS NOT NULL OR attempts <> '[]';
