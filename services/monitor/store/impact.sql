-- name: add_customers
-- Has a person say that an incident touches these customers: confirmed, from now on; those who were taken out are back. Returns whom it did
-- not touch, or only likely. Nothing comes back of those who are confirmed already.
WITH known AS MATERIALIZED (
    SELECT customer_id, certainty, taken_out_at FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[]))
INSERT INTO impact AS i (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, said_by, reason)
SELECT $1, customer_id, 'confirmed', $3, $3, 0, $4, $5 FROM unnest($2::text[]) AS customer_id ORDER BY customer_id
ON CONFLICT (incident_id, customer_id) DO UPDATE SET certainty = 'confirmed', last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at),
    said_by = excluded.said_by, reason = excluded.reason, taken_out_at = NULL
WHERE i.taken_out_at IS NOT NULL OR i.certainty = 'likely'
RETURNING customer_id, first_seen_at, last_seen_at, count, customer_id IN (SELECT customer_id FROM known WHERE taken_out_at IS NULL) AS was_likely

-- name: take_out_customers
-- Has a person say that an incident does not touch these customers. Returns those of them whom it did touch.
UPDATE impact SET taken_out_at = $3, said_by = $4, reason = $5
WHERE incident_id = $1 AND customer_id = ANY ($2::text[]) AND taken_out_at IS NULL RETURNING customer_id, certainty = 'likely' AS was_likely

-- name: note_step
-- Notes which step of the incident named these customers.
UPDATE impact SET steps = steps || $3::int WHERE incident_id = $1 AND customer_id = ANY ($2::text[])

-- name: lock_impact
-- Locks what is known of these customers and an incident, in order of their ids.
SELECT customer_id FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[]) ORDER BY customer_id FOR NO KEY UPDATE

-- name: merge_impact
-- Has one incident touch whom another touches, and says who is new or was only likely touched. Whom a person took out of either stays out.
WITH likely AS MATERIALIZED (SELECT customer_id FROM impact WHERE incident_id = $2 AND certainty = 'likely' AND taken_out_at IS NULL)
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, said_by, reason, taken_out_at, found_by)
SELECT $2, customer_id, certainty, first_seen_at, last_seen_at, count, said_by, reason, taken_out_at, coalesce(found_by, $1)
FROM impact WHERE incident_id = $1 ORDER BY customer_id
ON CONFLICT (incident_id, customer_id) DO UPDATE SET certainty = excluded.certainty, first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at), count = greatest(known.count, excluded.count)
WHERE excluded.certainty = 'confirmed' AND known.certainty = 'likely' AND known.taken_out_at IS NULL AND excluded.taken_out_at IS NULL
RETURNING customer_id, certainty, customer_id IN (SELECT customer_id FROM likely) AS was_likely, taken_out_at IS NOT NULL AS is_out

-- name: split_impact
-- Has an incident touch customers who were taken out of another one, as certainly as that did.
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, said_by, reason)
SELECT $2, customer_id, certainty, first_seen_at, last_seen_at, count, $4, $5
FROM impact WHERE incident_id = $1 AND customer_id = ANY ($3::text[]) ORDER BY customer_id
RETURNING customer_id, certainty, first_seen_at, last_seen_at, count

-- name: touched_of
-- Reads which of these customers an incident touches.
SELECT customer_id FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[]) AND taken_out_at IS NULL

-- name: impact_of_customer
-- Reads whether and why an incident touches one customer.
SELECT certainty, first_seen_at, last_seen_at, count, left(said_by, 255) AS said_by, left(reason, 2000) AS reason, taken_out_at
FROM impact WHERE incident_id = $1 AND customer_id = $2
