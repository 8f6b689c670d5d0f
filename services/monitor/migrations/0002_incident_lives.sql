-- An incident's row is the truth about how it stands: it may be withdrawn or dismissed, fall silent, and be ended by a person.

ALTER TABLE incidents DROP CONSTRAINT incidents_status_check;
ALTER TABLE incidents ADD CONSTRAINT incidents_status_check CHECK (status IN ('open', 'resolved', 'withdrawn', 'dismissed'));
ALTER TABLE incidents
    ADD COLUMN symptom        text   NOT NULL DEFAULT 'failing',
    ADD COLUMN affected       int    NOT NULL DEFAULT 0,  -- its rows in impact
    ADD COLUMN behind_seconds float8 NOT NULL DEFAULT 0,  -- how far behind monitor read when it last said something about it
    ADD COLUMN failing_at     timestamptz,                -- event time: the end of the last failing window, as last said
    ADD COLUMN silent_since   timestamptz,                -- event time of the component's last event, while it is silent
    ADD COLUMN ended_at       timestamptz,                -- event time as resolved_at; the database's clock when a person ended it or it was withdrawn
    ADD COLUMN ended_by       text,                       -- the person who ended it
    ADD COLUMN note           text   NOT NULL DEFAULT '';

UPDATE incidents SET ended_at = resolved_at, affected = (SELECT count(*) FROM impact WHERE incident_id = incidents.id);

-- The folding instances look at once when an incident opens or ends, and not whenever it touches one customer more.
DROP TRIGGER wake ON incidents;
CREATE TRIGGER wake AFTER INSERT OR UPDATE OF status ON incidents FOR EACH STATEMENT EXECUTE FUNCTION wake();

-- Counts belong to the rule as it was when they were made (its fingerprint; older rows have none and are taken to fit).
ALTER TABLE series
    ADD COLUMN fingerprint text,
    ADD COLUMN heard_at    timestamptz,  -- when the component's last event was counted, on this database's clock
    ADD COLUMN spoke_at    timestamptz;  -- that event's own time

-- How far monitor reads: all that its topics held at `read_to` has been judged. `probe` (msgpack) is the search for the next such moment.
CREATE TABLE reading (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    read_to timestamptz,
    probe   bytea
);
INSERT INTO reading DEFAULT VALUES;
