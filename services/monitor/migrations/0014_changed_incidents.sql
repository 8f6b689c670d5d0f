-- The transaction that changed last what the fold must know of an incident. A reader who remembers the oldest transaction that was under way when
-- it read last finds by it what it cannot have seen, whoever wrote it and in whatever order they committed; rows of before have none, and are read at first.
ALTER TABLE incidents ADD COLUMN changed_in xid8;
CREATE INDEX incidents_changed_in ON incidents (changed_in);

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER changed BEFORE INSERT OR UPDATE OF status, started_at, ended_at, resolved_at ON incidents
    FOR EACH ROW EXECUTE FUNCTION note_change();
