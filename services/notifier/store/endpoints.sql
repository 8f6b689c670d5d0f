-- name: register
-- Registers an endpoint; nothing when the customer has it already.
INSERT INTO endpoints (id, customer_id, url) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING *

-- name: count_of_customer
-- Counts a customer's endpoints.
SELECT count(*) FROM endpoints WHERE customer_id = $1

-- name: endpoint
-- Reads one endpoint.
SELECT *, clock() AS now FROM endpoints WHERE id = $1

-- name: endpoint_held
-- Reads one endpoint, locked: calls that end side by side count one after the other.
SELECT *, clock() AS now FROM endpoints WHERE id = $1 FOR NO KEY UPDATE

-- name: endpoints
-- Lists endpoints by their id, of one customer or of all, from after an id on.
SELECT * FROM endpoints
WHERE ($1::text IS NULL OR customer_id = $1) AND id > coalesce($2::text, '')
ORDER BY id LIMIT $3

-- name: disabled_endpoints
-- Lists endpoints that are not called, by their id, from after an id on.
SELECT * FROM endpoints WHERE disabled_at IS NOT NULL AND id > coalesce($1::text, '') ORDER BY id LIMIT $2

-- name: endpoints_of
-- Reads the endpoints of customers that may be called, the oldest first. A customer has few, so each is looked up by the index.
SELECT asked.customer_id, e.url FROM unnest($1::text[]) AS asked (customer_id) CROSS JOIN LATERAL (
    SELECT url, registered_at, id FROM endpoints WHERE customer_id = asked.customer_id AND disabled_at IS NULL
    ORDER BY registered_at, id LIMIT 100) AS e

-- name: of_message
-- Reads the endpoint that a message is for, by its notification and its URL, and the incident it is about in figures.
SELECT e.*, clock() AS now, CASE WHEN i.id IS NOT NULL THEN jsonb_build_object(
    'id', i.id, 'rule', left(i.rule, 255), 'component', left(i.component, 255), 'severity', left(i.severity, 255), 'title', left(i.title, 500),
    'started_at', i.started_at, 'status', i.status) END AS incident
FROM notifications n JOIN endpoints e ON e.customer_id = n.customer_id AND e.url = $2 LEFT JOIN incidents i ON i.id = n.incident_id
WHERE n.id = $1

-- name: taken
-- Notes that an endpoint took a message: it fails no more, and has not missed it.
WITH well AS (UPDATE endpoints SET failures = 0, failing_since = NULL WHERE id = $1 AND failures > 0)
DELETE FROM endpoint_missed WHERE endpoint_id = $1 AND notification_id = $2

-- name: not_taken
-- Notes one more call in a row that was not taken, by what came of it.
UPDATE endpoints SET failures = failures + 1, failing_since = coalesce(failing_since, clock()), last_failure = $2 WHERE id = $1

-- name: miss
-- Keeps a message that an endpoint did not take; an erased customer's is not kept.
INSERT INTO endpoint_missed (endpoint_id, notification_id, customer_id, body)
SELECT id, $2, customer_id, $3 FROM endpoints WHERE id = $1
ON CONFLICT (endpoint_id, notification_id) DO NOTHING

-- name: disable
-- Has an endpoint called no more, and says why.
UPDATE endpoints SET disabled_at = clock(), disabled_why = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING disabled_at

-- name: enable
-- Has an endpoint called again: what it failed before is forgotten.
UPDATE endpoints SET disabled_at = NULL, disabled_why = '', failures = 0, failing_since = NULL WHERE id = $1 RETURNING *

-- name: rotate
-- Gives an endpoint a new secret; the one before it signs, too, for a while from now.
UPDATE endpoints SET generation = generation + 1, rotated_at = clock() WHERE id = $1 RETURNING *

-- name: delete_missed
-- Deletes what an endpoint has missed.
DELETE FROM endpoint_missed WHERE endpoint_id = $1

-- name: delete_endpoint
-- Deletes an endpoint.
DELETE FROM endpoints WHERE id = $1

-- name: missed_since
-- Reads which messages an endpoint has missed since a moment, the oldest first.
SELECT notification_id FROM endpoint_missed WHERE endpoint_id = $1 AND missed_at >= $2 ORDER BY missed_at, notification_id LIMIT $3

-- name: missed
-- Reads one message that an endpoint has missed.
SELECT body FROM endpoint_missed WHERE endpoint_id = $1 AND notification_id = $2
