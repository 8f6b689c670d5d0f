-- What is old goes: by when a row was written, not by event time, so that a replay of old events is kept as long as new ones.
ALTER TABLE impact ADD COLUMN written_at timestamptz NOT NULL DEFAULT clock();
CREATE INDEX impact_written ON impact (written_at);

-- The day a series last changed. A day, so that the index is touched once a day and not at every checkpoint.
ALTER TABLE series ADD COLUMN changed_on date NOT NULL DEFAULT (clock() AT TIME ZONE 'UTC')::date;
CREATE INDEX series_changed ON series (changed_on);
CREATE FUNCTION stamp_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_on := (clock() AT TIME ZONE 'UTC')::date;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON series FOR EACH ROW EXECUTE FUNCTION stamp_day();
