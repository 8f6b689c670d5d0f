-- name: incidents_of
-- Reads which incidents a message is about, which are locked before its notifications.
SELECT incident_id FROM notifications WHERE (id = $1 OR told_with = $1) AND incident_id IS NOT NULL

-- name: returned_notification
-- Reads the notification that a report is about, locked.
SELECT *, clock() AS now FROM notifications WHERE id = $1 AND reason IS DISTINCT FROM 'erased' FOR UPDATE

-- name: told_with
-- Reads what was told in the same message, locked.
SELECT * FROM notifications WHERE told_with = $1 AND status = 'delivered' AND reason IS DISTINCT FROM 'erased' ORDER BY id FOR UPDATE

-- name: note_returned
-- Notes a report. Says whether it is new.
INSERT INTO returned_mails (id, notification_id, channel, kind, code) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true

-- name: came_back
-- Settles a delivered notification anew: it came back, so that its customer does not have it.
UPDATE notifications SET status = 'failed', reason = $2, sent_at = NULL, settled_at = clock(), attempts = attempts || $3::jsonb, has_words = true
WHERE id = $1

-- name: came_back_since
-- Counts what came back of a channel: bounces for good, bounces of any kind, and complaints, each notification once.
SELECT count(DISTINCT notification_id) FILTER (WHERE kind IN ('address', 'refused')) AS bounced,
    count(DISTINCT notification_id) FILTER (WHERE kind <> 'complaint') AS returned,
    count(DISTINCT notification_id) FILTER (WHERE kind = 'complaint') AS complained
FROM returned_mails WHERE channel = $1 AND received_at >= $2

-- name: delivered_since
-- Counts what was sent by a channel and did not come back, to so many.
SELECT count(*) FROM (
    SELECT FROM deliveries WHERE began_at >= $2 AND status = 'delivered' AND channel = $1
    LIMIT $3) AS counted

-- name: counted_from
-- Reads since when what a channel sends and what comes back of it is counted: for so long at most, and after a person let it go on.
SELECT greatest(clock() - $2::interval, (SELECT counted_from FROM channel_brakes WHERE channel = $1)) AS at

-- name: judge
-- Stores what the sender's brake found. What pauses stays paused, with what it was for, until a person lets it go on.
INSERT INTO channel_brakes AS known (channel, level, cause, sent, bounced, complained, paused_at)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $2 = 'pause' THEN clock() END)
ON CONFLICT (channel) DO UPDATE SET
    level = excluded.level, cause = excluded.cause, sent = excluded.sent, bounced = excluded.bounced, complained = excluded.complained,
    judged_at = clock(), paused_at = excluded.paused_at
WHERE known.paused_at IS NULL
RETURNING paused_at IS NOT NULL AS paused

-- name: ways
-- Reads to which addresses a notification was brought on a channel, or tried to be.
SELECT address, status FROM deliveries WHERE notification_id = $1 AND channel = $2

-- name: way_failed
-- Notes that what was brought there came back.
UPDATE deliveries SET status = 'failed', ended_at = clock() WHERE notification_id = $1 AND channel = $2 AND address = $3

-- name: paused
-- Reads which channels pause, since when and why.
SELECT channel, cause, sent, bounced, complained, paused_at FROM channel_brakes WHERE paused_at IS NOT NULL ORDER BY channel

-- name: pause
-- Stops a channel for a person, with the reason; one that pauses already stays as it is.
INSERT INTO channel_brakes AS known (channel, level, cause, paused_at, paused_by, paused_for) VALUES ($1, 'pause', 'person', clock(), $2, $3)
ON CONFLICT (channel) DO UPDATE SET
    level = 'pause', cause = 'person', paused_at = clock(), paused_by = excluded.paused_by, paused_for = excluded.paused_for
WHERE known.paused_at IS NULL
RETURNING true

-- name: resume
-- Lets a channel go on: what came back before counts no more. Returns what it was stopped for.
UPDATE channel_brakes now SET level = 'ok', cause = NULL, sent = 0, bounced = 0, complained = 0, paused_at = NULL, counted_from = clock(),
    resumed_by = $2, paused_by = '', paused_for = ''
FROM channel_brakes before
WHERE now.channel = $1 AND now.paused_at IS NOT NULL AND before.channel = now.channel
RETURNING before.cause, before.sent, before.bounced, before.complained, before.paused_at

-- name: brakes
-- Reads how it stands with each channel.
SELECT channel, level, cause, sent, bounced, complained, judged_at, paused_at, left(paused_by, 255) AS paused_by,
    left(paused_for, 500) AS paused_for, left(resumed_by, 255) AS resumed_by, NULLIF(counted_from, '-infinity') AS resumed_at
FROM channel_brakes ORDER BY channel LIMIT 100

-- name: marked
-- Lists addresses that are not used, since a provider said that they do not exist: the latest first, from a position on.
SELECT md5(customer_id || ' ' || address) AS id, customer_id, left(address, 320) AS address, left(detail, 500) AS detail, since, said_by,
    left(notification_id, 255) AS notification_id
FROM bad_addresses
WHERE $1::timestamptz IS NULL OR (since, md5(customer_id || ' ' || address)) < ($1, $2)
ORDER BY since DESC, md5(customer_id || ' ' || address) DESC LIMIT $3

-- name: mark
-- Reads whose address a mark is on.
SELECT customer_id, address FROM bad_addresses WHERE md5(customer_id || ' ' || address) = $1

-- name: complaints
-- Lists customers who called a notification spam and are told nothing of its purpose since: the latest first, from a position on.
SELECT n.customer_id, r.notification_id, left(r.code, 100) AS feedback, r.received_at AS since,
    CASE WHEN n.kind = 'guidance' THEN 'guidance' ELSE 'incident' END AS purpose
FROM returned_mails r
JOIN notifications n ON n.id = r.notification_id
JOIN preferences p ON p.customer_id = n.customer_id
WHERE r.kind = 'complaint' AND n.ticket_id IS NULL AND CASE WHEN n.kind = 'guidance' THEN p.guidance ELSE p.incident END = false
    AND ($1::timestamptz IS NULL OR (r.received_at, r.notification_id) < ($1, $2))
ORDER BY r.received_at DESC, r.notification_id DESC LIMIT $3

-- name: hasten_paused
-- Has what a pause held decided at once: it was put off for minutes, as its figures say.
UPDATE due SET ready_at = clock() FROM notifications n
WHERE due.kind = ANY ($1) AND due.lease IS NULL AND due.ready_at > clock() AND n.id = due.ref
    AND n.status = 'waiting' AND n.why ->> 'channel' IS NOT NULL AND n.why ->> 'cause' IS NOT NULL
