-- name: recent_incidents
-- Reads the incidents whose customers the folding instances must look for. An instance that catches up meets incidents that are over already.
-- One withdrawn or dismissed touches nobody more. `read`: all transactions before it have ended, and are seen.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS read, id, rule, component, started_at, coalesce(ended_at, resolved_at), opened_at,
    status IN ('open', 'resolved'), shadow
FROM (SELECT) AS one LEFT JOIN incidents ON status = 'open' OR (status = 'resolved' AND opened_at > clock() - $1::interval)

-- name: changed_incidents
-- Reads the incidents that transactions changed which may have been under way, or to come, when all before $1 had ended.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS read, id, rule, component, started_at, coalesce(ended_at, resolved_at), opened_at,
    status IN ('open', 'resolved'), shadow
FROM (SELECT) AS one LEFT JOIN incidents ON changed_in >= $1::text::xid8

-- name: record_impact
-- Stores customers that an incident touches, and says who is new, and who was only likely touched until now. The confirmed get their later
-- evidence; that the likely use the component again says nothing more.
WITH likely AS MATERIALIZED (
    SELECT customer_id FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[]) AND certainty = 'likely')
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, customer_id, certainty, first_seen_at, last_seen_at, count
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[])
    AS seen (customer_id, certainty, first_seen_at, last_seen_at, count)
ON CONFLICT (incident_id, customer_id) DO UPDATE SET certainty = excluded.certainty,
    first_seen_at = CASE WHEN known.certainty = 'confirmed' THEN known.first_seen_at ELSE excluded.first_seen_at END,
    last_seen_at = CASE WHEN known.certainty = 'confirmed' THEN greatest(known.last_seen_at, excluded.last_seen_at) ELSE excluded.last_seen_at END,
    count = CASE WHEN known.certainty = 'confirmed' THEN greatest(known.count, excluded.count) ELSE excluded.count END
WHERE excluded.certainty = 'confirmed'
RETURNING customer_id, (xmax = 0) AS is_new, certainty = 'confirmed' AND customer_id IN (SELECT customer_id FROM likely) AS is_confirmed

-- name: count_affected
-- Adds so many customers to those that an incident touches, and to those of them that it likely touches; fewer than none were confirmed.
UPDATE incidents SET affected = affected + $2, likely = likely + $3 WHERE id = $1

-- name: lock_incidents
-- Reads and locks these incidents: nobody else changes them before this transaction ends.
SELECT * FROM incidents WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE

-- name: open_incident
-- Opens an incident. No row comes back when this trouble is known already.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at, behind_seconds, why,
    shadow)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING RETURNING *

-- name: update_incident
-- Stores the news of an incident; it is no longer silent when $5. No row comes back when it is not open.
UPDATE incidents SET revision = revision + 1, why = $2, failing_at = coalesce($3, failing_at), behind_seconds = $4,
    silent_since = CASE WHEN $5 THEN NULL ELSE silent_since END
WHERE id = $1 AND status = 'open' RETURNING *

-- name: silence_incident
-- Marks an incident silent. No row comes back when that is known, or it is not open.
UPDATE incidents SET revision = revision + 1, silent_since = $2, behind_seconds = $3
WHERE id = $1 AND status = 'open' AND silent_since IS NULL RETURNING *

-- name: end_incident
-- Ends an incident: resolved, withdrawn or dismissed. No row comes back when it stands as none of $9, from where it may not become that.
UPDATE incidents SET revision = revision + 1, status = $2::text, ended_at = $3::timestamptz,
    resolved_at = CASE WHEN $2::text = 'resolved' THEN $3::timestamptz END,
    ended_by = $4, note = $5, why = coalesce($6, why), failing_at = coalesce($7, failing_at), behind_seconds = coalesce($8, behind_seconds)
WHERE id = $1 AND status = ANY ($9::text[]) RETURNING *

-- name: open_incidents
-- Reads the open incidents with the fingerprint of the rule that judges them, and whether that was on trial when they opened.
SELECT incidents.id, incidents.rule, incidents.shadow, series.fingerprint FROM incidents LEFT JOIN series USING (rule, component)
WHERE status = 'open' ORDER BY incidents.id

-- name: heard_of_open
-- Reads when the component of each open incident that is not silent was last heard.
SELECT incidents.id, incidents.rule, coalesce(series.heard_at, opened_at) AS heard_at, coalesce(series.spoke_at, opened_at) AS spoke_at
FROM incidents LEFT JOIN series USING (rule, component) WHERE status = 'open' AND silent_since IS NULL ORDER BY incidents.id

-- name: found_behind
-- Reads the open incidents whose last fact says that monitor was further behind than $1 seconds.
SELECT id FROM incidents WHERE status = 'open' AND behind_seconds > $1 ORDER BY id

-- name: list_incidents
-- Lists incidents, newest first, after a cursor of (opened_at, id); long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, likely, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why,
    shadow
FROM incidents
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR component = $2) AND ($3::bool IS NULL OR shadow = $3)
  AND ($4::timestamptz IS NULL OR (opened_at, id) < ($4, $5))
ORDER BY opened_at DESC, id DESC LIMIT $6

-- name: incident
-- Reads one incident, to show; long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, likely, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why,
    shadow
FROM incidents WHERE id = $1

-- name: list_impact
-- Lists the customers that one incident touches, by id, after a cursor.
SELECT customer_id, certainty, first_seen_at, last_seen_at, count FROM impact
WHERE incident_id = $1 AND ($2::text IS NULL OR customer_id > $2) ORDER BY customer_id LIMIT $3

-- name: size_of_open
-- Counts how many incidents are open that people are told of, how many of them silent, and how many customers they touch: for the metrics.
SELECT count(*) AS incidents, count(silent_since) AS silent, coalesce(sum(affected), 0) AS customers
FROM incidents WHERE status = 'open' AND NOT shadow
