-- name: why_of
-- Reads what is known of an incident and a customer, either of which may not be known, and of what incident the alarm is that was of this one before.
SELECT i.id IS NOT NULL AS incident_known, left(i.rule, 255) AS rule, i.rule_version, i.severity, i.status, i.revision, i.started_at,
    i.resolved_at AS ended_at, i.heard_at, c.id IS NOT NULL AS customer_known,
    (SELECT erased_at FROM erasures WHERE customer = sha256(convert_to($2::text, 'UTF8'))) AS erased_at,
    (SELECT left(incident_id, 255) FROM notifications WHERE id = $3 AND incident_id <> $1) AS moved_to
FROM (VALUES (1)) AS one LEFT JOIN incidents i ON i.id = $1 LEFT JOIN customers c ON c.id = $2

-- name: why_notifications
-- Reads what a customer was told of an incident, or was to be told, the earliest first, with the work that is due for it; of many tries the last.
SELECT n.id, n.kind, left(n.ticket_id, 255) AS ticket_id, n.status, n.reason, n.channel, n.about_at, n.first_seen_at, n.created_at, n.sent_at,
    n.settled_at, n.told_with, n.evidence, n.why, jsonb_array_length(n.attempts) AS tries,
    jsonb_path_query_array(n.attempts, '$[last - 19 to last]') AS attempts,
    due.ready_at AS next_at, coalesce(due.lease IS NOT NULL, false) AS under_way, aside.reason AS put_aside
FROM notifications n LEFT JOIN due ON due.kind = ANY ($3::text[]) AND due.ref = n.id
LEFT JOIN due_aside aside ON aside.kind = ANY ($3::text[]) AND aside.ref = n.id
WHERE n.incident_id = $1 AND n.customer_id = $2
ORDER BY n.created_at, n.id LIMIT $4

-- name: why_deliveries
-- Reads by which ways these were brought, or tried to be, the first ways first.
SELECT way.notification_id, way.channel, way.address, way.status, way.tries, way.began_at, way.ended_at
FROM unnest($1::text[]) AS asked (id) CROSS JOIN LATERAL (
    SELECT * FROM deliveries d WHERE d.notification_id = asked.id ORDER BY d.began_at, d.channel, d.address LIMIT 20) AS way
