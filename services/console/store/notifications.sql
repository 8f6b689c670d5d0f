-- name: settle_notifications
-- Stores how notifications were settled: the latest that is said of each, and at the same moment what reached the customer.
INSERT INTO notifications AS known (id, customer_id, kind, incident_id, ticket_id, status, reason, channel, at, message_id, subject, body,
    why, answer)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
    $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::text[])
ON CONFLICT (id) DO UPDATE SET status = excluded.status, reason = excluded.reason, channel = excluded.channel, at = excluded.at,
    message_id = excluded.message_id, subject = excluded.subject, body = excluded.body, why = excluded.why, answer = excluded.answer
WHERE (excluded.at, array_position(ARRAY['suppressed', 'failed', 'delivered'], excluded.status))
    > (known.at, array_position(ARRAY['suppressed', 'failed', 'delivered'], known.status))
RETURNING id

-- name: bounce
-- Stores when notifications came back, and why.
UPDATE notifications SET bounced_at = came.at, bounce = came.reason, bounce_code = came.code
FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) AS came (id, at, reason, code)
WHERE notifications.id = came.id AND (bounced_at IS NULL OR came.at > bounced_at)

-- name: complain
-- Stores when customers called notifications spam.
UPDATE notifications SET complained_at = said.at
FROM unnest($1::text[], $2::timestamptz[]) AS said (id, at)
WHERE notifications.id = said.id AND (complained_at IS NULL OR said.at < complained_at)

-- name: engage
-- Stores what customers did with notifications: the first time of each, and of their answers the latest.
UPDATE notifications n SET unsubscribed_at = least(n.unsubscribed_at, used.unsubscribed), received_at = least(n.received_at, used.received),
    opened_at = least(n.opened_at, used.opened), clicked_at = least(n.clicked_at, used.clicked),
    helped = CASE WHEN used.helped_at > coalesce(n.helped_at, '-infinity') THEN used.helped ELSE n.helped END,
    helped_at = greatest(n.helped_at, used.helped_at)
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::timestamptz[])
    AS used (id, unsubscribed, received, opened, clicked, helped, helped_at)
WHERE n.id = used.id
