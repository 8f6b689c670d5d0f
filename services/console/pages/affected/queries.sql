-- name: affected_incident
-- Returns what the page says of the incident itself.
SELECT id, title, component, status, affected, told, untold, wrote FROM incidents WHERE id = $1

-- name: affected_reasons
-- Counts the customers who were not told, for each of these reasons, up to a limit; the empty reason: nothing is decided yet.
SELECT reason, (
    SELECT count(*) FROM (
        SELECT FROM impact WHERE incident_id = $1 AND coalesce(untold_reason, '') = reason AND told_at IS NULL AND first_seen_at IS NOT NULL
        LIMIT $3) AS found) AS customers
FROM unnest($2::text[]) AS reason

-- name: affected_all
-- Finds the customers whom an incident touches, by when they were first touched, from a position on.
SELECT customer_id, first_seen_at FROM impact
WHERE incident_id = $1 AND first_seen_at IS NOT NULL AND (first_seen_at, customer_id) > ($2, $3)
ORDER BY first_seen_at, customer_id
LIMIT $4

-- name: affected_told
-- Finds those of them who were told.
SELECT customer_id, first_seen_at FROM impact
WHERE incident_id = $1 AND told_at IS NOT NULL AND first_seen_at IS NOT NULL AND (first_seen_at, customer_id) > ($2, $3)
ORDER BY first_seen_at, customer_id
LIMIT $4

-- name: affected_wrote
-- Finds those of them who wrote about it.
SELECT customer_id, first_seen_at FROM impact
WHERE incident_id = $1 AND wrote_at IS NOT NULL AND first_seen_at IS NOT NULL AND (first_seen_at, customer_id) > ($2, $3)
ORDER BY first_seen_at, customer_id
LIMIT $4

-- name: affected_untold
-- Finds those of them who were not told for one reason; the empty reason: nothing is decided yet.
SELECT customer_id, first_seen_at FROM impact
WHERE incident_id = $1 AND coalesce(untold_reason, '') = $5 AND told_at IS NULL AND first_seen_at IS NOT NULL
    AND (first_seen_at, customer_id) > ($2, $3)
ORDER BY first_seen_at, customer_id
LIMIT $4

-- name: affected_shown
-- Returns what is shown of these customers of an incident, in this order, with the words of the message that told them.
SELECT m.customer_id, m.certainty, m.first_seen_at, m.last_seen_at, m.count, m.told_at, m.untold_reason, m.wrote_at, m.notification_id,
    c.name, n.status, n.channel, n.reason, n.at, n.why, n.subject, left(n.body, 20000) AS body, t.number AS ticket
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (customer_id, place)
JOIN impact m ON m.incident_id = $1 AND m.customer_id = wanted.customer_id
LEFT JOIN customers c ON c.id = m.customer_id
LEFT JOIN notifications n ON n.id = m.notification_id
LEFT JOIN tickets t ON t.id = m.ticket_id
ORDER BY wanted.place
