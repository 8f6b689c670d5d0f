-- name: correct
-- Notes a correction, once.
INSERT INTO corrections (id, incident_id, subject, body, by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id

-- name: correction
-- Reads a correction.
SELECT id, left(incident_id, 255) AS incident_id, subject, body, by, at, customers, done FROM corrections WHERE id = $1

-- name: corrections
-- Lists the corrections of an incident, the latest first.
SELECT id, left(incident_id, 255) AS incident_id, subject, left(body, 5000) AS body, by, at, customers, done FROM corrections WHERE incident_id = $1
ORDER BY at DESC LIMIT 20

-- name: corrected
-- Notes how many more customers are told, and whether that was all.
UPDATE corrections SET customers = customers + $2, done = $3 WHERE id = $1

-- name: told_wrongly
-- Reads the next customers who were told of an incident, or may have been, from a place on.
SELECT customer_id, min(cause_hops) AS hops FROM (
    SELECT customer_id, cause_hops FROM notifications
    WHERE incident_id = $1 AND customer_id > $2 AND kind IN ('opened', 'answer') AND sent_at IS NOT NULL AND reason IS DISTINCT FROM 'erased'
    ORDER BY incident_id, customer_id LIMIT $3) AS told
GROUP BY customer_id ORDER BY customer_id

-- name: told_of
-- Counts the customers who were told of an incident, or may have been, up to a limit.
SELECT count(*) FROM (
    SELECT DISTINCT customer_id FROM notifications
    WHERE incident_id = $1 AND kind IN ('opened', 'answer') AND sent_at IS NOT NULL AND reason IS DISTINCT FROM 'erased' LIMIT $2) AS told

-- name: knows_incident
-- Says whether we have heard of an incident.
SELECT true FROM incidents WHERE id = $1
