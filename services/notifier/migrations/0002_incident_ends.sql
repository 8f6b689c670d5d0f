-- What the latest fact about an incident says, its three ends, and what waits for the next fact about it.

ALTER TABLE incidents
    ADD COLUMN revision       int              NOT NULL DEFAULT 0,          -- of the latest fact taken; facts that do not exceed it change nothing
    ADD COLUMN symptom        text             NOT NULL DEFAULT 'failing',  -- failing, slow, …: chooses the words of mails
    ADD COLUMN failing_at     timestamptz,                                  -- event time of the last window that was failing
    ADD COLUMN behind_seconds double precision NOT NULL DEFAULT 0,          -- how far behind monitor read when it said so
    ADD COLUMN silent_since   timestamptz,                                  -- event time of the last event, while nothing is heard
    ADD COLUMN tell           boolean          NOT NULL DEFAULT true,       -- whether those who were told hear of the end
    ADD COLUMN heard_at       timestamptz      NOT NULL DEFAULT clock(),    -- when the latest fact was taken
    DROP CONSTRAINT incidents_status_check,
    ADD CONSTRAINT incidents_status_check CHECK (status IN ('open', 'resolved', 'withdrawn', 'dismissed'));  -- open ⇄ one of the others
COMMENT ON COLUMN incidents.resolved_at IS 'when it ended last, however it ended; kept when it is open again';

ALTER TABLE notifications
    ADD COLUMN awaits_incident boolean NOT NULL DEFAULT false;  -- held or stale for what monitor said last: decided anew when it says more
CREATE INDEX notifications_of_incident_customer ON notifications (incident_id, customer_id) WHERE incident_id IS NOT NULL;
CREATE INDEX notifications_awaiting ON notifications (incident_id, customer_id) WHERE awaits_incident;

ALTER TABLE customers
    ADD COLUMN newer_than timestamptz,              -- set after an update stamped in the future: what comes is newer when it is not before this
    ADD COLUMN said_by    text,                     -- the id of the latest fact taken
    ADD COLUMN ahead      text[] NOT NULL DEFAULT '{}';  -- ids of the last facts that were stamped in the future when they came
-- Until now an update stamped in the future was kept as it came, and nothing after it was heard.
UPDATE customers SET updated_at = clock(), newer_than = 'epoch' WHERE updated_at > clock();
