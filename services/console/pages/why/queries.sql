-- name: why_message
-- Returns one message to a customer, or one that was decided against, and the number of the ticket it is on.
SELECT n.id, n.customer_id, n.kind, n.incident_id, n.ticket_id, n.status, n.reason, n.channel, n.at, n.subject, left(n.body, 20000) AS body,
    n.why, n.answer, n.unsubscribed_at, n.bounced_at, n.bounce, n.bounce_code, n.complained_at, n.received_at, n.opened_at, n.clicked_at, n.helped,
    (SELECT number FROM tickets WHERE id = n.ticket_id) AS ticket
FROM notifications n WHERE n.id = $1

-- name: why_messages
-- Lists what a customer was told, or was not, about one incident: the earliest first.
SELECT n.id, n.customer_id, n.kind, n.incident_id, n.ticket_id, n.status, n.reason, n.channel, n.at, n.subject, left(n.body, 20000) AS body,
    n.why, n.answer, n.unsubscribed_at, n.bounced_at, n.bounce, n.bounce_code, n.complained_at, n.received_at, n.opened_at, n.clicked_at, n.helped,
    (SELECT number FROM tickets WHERE id = n.ticket_id) AS ticket
FROM notifications n WHERE n.customer_id = $1 AND n.incident_id = $2
ORDER BY n.at, n.id
LIMIT 20

-- name: why_story
-- Returns what is known of one customer and one incident, either of which may not be known at all; `erased` of a customer who is forgotten.
SELECT i.id AS incident_id, i.title, i.component, i.rule, i.status, i.started_at, i.ended_at, i.silent_since, i.behind_seconds, i.why,
    m.certainty, m.first_seen_at, m.last_seen_at, m.count, m.told_at, m.untold_reason, m.notification_id, m.wrote_at,
    (SELECT number FROM tickets WHERE id = m.ticket_id) AS ticket,
    c.id IS NOT NULL AS known, c.name, c.consent,
    EXISTS (SELECT FROM erasures WHERE customer = $3) AS erased,
    (SELECT detail FROM timeline WHERE incident_id = $2 AND service = 'monitor' AND what = 'incident.opened' ORDER BY at, id LIMIT 1) AS opening
FROM (VALUES (1)) AS one
LEFT JOIN incidents i ON i.id = $2
LEFT JOIN impact m ON m.incident_id = $2 AND m.customer_id = $1
LEFT JOIN customers c ON c.id = $1

-- name: why_incidents
-- Lists incidents that touch a customer, to choose one of them.
SELECT i.id, i.title, i.started_at, m.told_at, m.untold_reason
FROM impact m JOIN incidents i ON i.id = m.incident_id
WHERE m.customer_id = $1 AND m.first_seen_at IS NOT NULL
LIMIT 50

-- name: why_messages_of_customer
-- Lists the latest messages to a customer, to choose one of them.
SELECT id, kind, status, reason, at FROM notifications WHERE customer_id = $1 ORDER BY at DESC, id DESC LIMIT 50
