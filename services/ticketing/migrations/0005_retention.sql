-- What is old goes: by when a row was written or last changed, not by event time, so that a replay of old events is kept as long as new ones.
ALTER TABLE incidents ADD COLUMN written_at timestamptz NOT NULL DEFAULT clock();
CREATE INDEX incidents_written ON incidents (written_at);
ALTER TABLE impact ADD COLUMN written_at timestamptz NOT NULL DEFAULT clock();
CREATE INDEX impact_written ON impact (written_at);
CREATE INDEX told_age ON told (told_at);
CREATE INDEX heard_age ON heard (heard_at);
CREATE INDEX tickets_closed ON tickets (changed_at) WHERE status = 'closed';

-- A ticket takes all that is about it along.
ALTER TABLE messages DROP CONSTRAINT messages_ticket_id_fkey, ADD FOREIGN KEY (ticket_id) REFERENCES tickets ON DELETE CASCADE;
ALTER TABLE links    DROP CONSTRAINT links_ticket_id_fkey,    ADD FOREIGN KEY (ticket_id) REFERENCES tickets ON DELETE CASCADE;
ALTER TABLE clocks   DROP CONSTRAINT clocks_ticket_id_fkey,   ADD FOREIGN KEY (ticket_id) REFERENCES tickets ON DELETE CASCADE;
ALTER TABLE history  DROP CONSTRAINT history_ticket_id_fkey,  ADD FOREIGN KEY (ticket_id) REFERENCES tickets ON DELETE CASCADE;
