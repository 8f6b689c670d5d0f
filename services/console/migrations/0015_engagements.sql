-- What customers did with what they were told, as notifier says it: the first time of each, and their latest answer to whether it helped.
ALTER TABLE notifications
    ADD COLUMN received_at timestamptz,  -- a provider says that it has arrived
    ADD COLUMN opened_at   timestamptz,
    ADD COLUMN clicked_at  timestamptz,
    ADD COLUMN helped      text,         -- yes, no
    ADD COLUMN helped_at   timestamptz;
CREATE INDEX notifications_helped ON notifications (incident_id) INCLUDE (helped) WHERE helped IS NOT NULL;
