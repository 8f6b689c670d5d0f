-- name: touch
-- Merges evidence into what is known of a customer and an incident.
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[], $7::timestamptz[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count),
    found_at = least(known.found_at, excluded.found_at), taken_out = false
WHERE known.first_seen_at IS NULL OR known.certainty = 'likely' AND excluded.certainty = 'confirmed'
    OR excluded.first_seen_at < known.first_seen_at OR excluded.last_seen_at > known.last_seen_at OR excluded.count > known.count
    OR excluded.found_at < known.found_at

-- name: tell
-- Stores who was told that an incident was opened, and why others were not.
INSERT INTO impact AS known (incident_id, customer_id, told_at, untold_reason, notification_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    told_at = excluded.told_at, untold_reason = excluded.untold_reason, notification_id = excluded.notification_id
WHERE known.told_at IS NULL OR excluded.told_at < known.told_at

-- name: untouch
-- Has incidents touch these customers no more, whatever is merged into them; whether they were told stays.
INSERT INTO impact AS known (incident_id, customer_id, taken_out)
SELECT incident_id, customer_id, true FROM unnest($1::text[], $2::text[]) AS removed (incident_id, customer_id)
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = NULL, first_seen_at = NULL, last_seen_at = NULL, count = 0, found_at = NULL, taken_out = true
WHERE known.first_seen_at IS NOT NULL OR NOT known.taken_out

-- name: split_impact
-- Has what customers were told of some incidents count for another one.
INSERT INTO impact AS known (incident_id, customer_id, told_at, untold_reason, notification_id)
SELECT DISTINCT ON (customer_id) $2, customer_id, told_at, untold_reason, notification_id FROM impact
WHERE incident_id = ANY ($1::text[]) AND customer_id = ANY ($3::text[]) AND notification_id IS NOT NULL
ORDER BY customer_id, told_at NULLS LAST
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    told_at = excluded.told_at, untold_reason = excluded.untold_reason, notification_id = excluded.notification_id
WHERE known.notification_id IS NULL

-- name: merge_impact
-- Has one incident touch whom another touches, but whom a person took out of it; who was told of the one counts as told of the other.
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at, told_at, untold_reason,
    notification_id)
SELECT $2, customer_id, certainty, first_seen_at, last_seen_at, count, found_at, told_at, untold_reason, notification_id
FROM impact WHERE incident_id = $1 AND first_seen_at IS NOT NULL ORDER BY customer_id
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count), found_at = least(known.found_at, excluded.found_at),
    told_at = coalesce(known.told_at, excluded.told_at), notification_id = coalesce(known.notification_id, excluded.notification_id)
WHERE NOT known.taken_out
