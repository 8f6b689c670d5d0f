-- The ways by which a notification is brought, or was tried to be: one row for each address on each channel.
CREATE TABLE deliveries (
    notification_id text        NOT NULL REFERENCES notifications ON DELETE CASCADE,
    channel         text        NOT NULL,
    address         text        NOT NULL,
    status          text        NOT NULL DEFAULT 'sending' CHECK (status IN ('sending', 'waiting', 'unknown', 'delivered', 'failed')),
    tries           int         NOT NULL DEFAULT 1,
    began_at        timestamptz NOT NULL DEFAULT clock(),  -- the last try
    ended_at        timestamptz,                           -- when its outcome was known
    PRIMARY KEY (notification_id, channel, address)
) WITH (fillfactor = 80);  -- each row changes once: on its page, without a word to an index
CREATE INDEX deliveries_by_age ON deliveries (began_at);

-- Ends and advice are queues of their own now, behind alarms.
UPDATE due SET kind = CASE WHEN n.kind = 'guidance' THEN 'bulk' ELSE 'end' END FROM notifications n
WHERE due.kind = 'delivery' AND n.id = due.ref AND n.kind IN ('guidance', 'resolved', 'withdrawn', 'dismissed');
