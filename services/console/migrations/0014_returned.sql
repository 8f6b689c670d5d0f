-- What came back of a message after a provider had taken it, and whether its customer called it spam.
ALTER TABLE notifications
    ADD COLUMN bounced_at    timestamptz,
    ADD COLUMN bounce        text NOT NULL DEFAULT '',  -- address, refused, transient, or a word of a later version
    ADD COLUMN bounce_code   text NOT NULL DEFAULT '',  -- of RFC 3463
    ADD COLUMN complained_at timestamptz;
