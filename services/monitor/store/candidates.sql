-- name: keep_complaints
-- Stores complaints. One that is known stays as it is.
INSERT INTO complaints (ticket_id, customer_id, component, written_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) ORDER BY 1 ON CONFLICT DO NOTHING RETURNING component, written_at

-- name: link_complaint
-- Notes the incident that a ticket is about, or that it is about none ($2 is null).
UPDATE complaints SET linked_to = $2 WHERE ticket_id = $1 AND linked_to IS DISTINCT FROM $2

-- name: complaints_about
-- Reads the complaints about a component in a time, but for those that are known to be about an incident other than $4.
SELECT customer_id, extract(epoch FROM written_at)::float8 AS at FROM complaints
WHERE component = $1 AND written_at > $2 AND written_at <= $3 AND (linked_to IS NULL OR linked_to = $4)

-- name: complaints_by_hour
-- Counts the customers who complained of a component, by the hour, from $2 to $3, but for those whose tickets were about incidents.
SELECT (extract(epoch FROM written_at)::bigint / 3600)::int AS hour, count(DISTINCT customer_id)::int AS customers FROM complaints
WHERE component = $1 AND written_at > $2 AND written_at <= $3 AND linked_to IS NULL GROUP BY 1

-- name: known_since
-- Reads the first complaint that is known.
SELECT extract(epoch FROM min(written_at))::float8 FROM complaints

-- name: who_complained
-- Reads who complained of a component since a moment: the first and the last time, and how often.
SELECT customer_id, extract(epoch FROM min(written_at))::float8 AS first, extract(epoch FROM max(written_at))::float8 AS last, count(*)::int AS count
FROM complaints WHERE component = $1 AND written_at >= $2 AND (linked_to IS NULL OR linked_to = $3) GROUP BY customer_id ORDER BY customer_id

-- name: complaints_of
-- Reads the complaints of one customer.
SELECT ticket_id, component, written_at, linked_to FROM complaints WHERE customer_id = $1 ORDER BY ticket_id

-- name: erase_complaints
-- Deletes the complaints of one customer.
DELETE FROM complaints WHERE customer_id = $1

-- name: living
-- Reads and locks the candidates that wait, and those that were approved and whose incident is not known to be over.
SELECT * FROM candidates WHERE status IN ('candidate', 'open') ORDER BY id FOR UPDATE

-- name: living_of
-- Reads and locks the one of this rule and component.
SELECT * FROM candidates WHERE rule = $1 AND component = $2 AND status IN ('candidate', 'open') FOR UPDATE

-- name: over_to
-- Reads up to when the last candidate of a rule and component was dealt with: complaints until then show nothing more.
SELECT extract(epoch FROM max(ended_at))::float8 FROM candidates WHERE rule = $1 AND component = $2

-- name: has_incident
-- Says whether a component has an open incident of which people are told.
SELECT EXISTS (SELECT FROM incidents WHERE component = $1 AND status = 'open' AND NOT shadow)

-- name: waiting_of
-- Reads since when complaints about these components rise: of those with a candidate that waits.
SELECT component, min(started_at) AS since FROM candidates WHERE component = ANY ($1::text[]) AND status = 'candidate' GROUP BY component

-- name: suspect
-- Adds a candidate. No row comes back when it is known.
INSERT INTO candidates (id, rule, component, severity, symptom, title, started_at, found_at, last_at, customers, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING *

-- name: still_rising
-- Stores the latest figures of complaints that rise on.
UPDATE candidates SET revision = revision + 1, last_at = $2, customers = $3, why = $4 WHERE id = $1 AND last_at < $2 RETURNING *

-- name: end_candidate
-- Has a candidate that waits become what $2 says. No row comes back when it waits no longer.
UPDATE candidates SET revision = revision + 1, status = $2, ended_at = $3, ended_by = $4, note = $5, merged_into = $6
WHERE id = $1 AND status = 'candidate' RETURNING *

-- name: close_candidate
-- Notes that the incident which a candidate became is over.
UPDATE candidates SET status = 'over', ended_at = $2 WHERE id = $1 AND status = 'open'

-- name: open_candidate
-- Opens the incident of a candidate that was approved, under its id and with the next revision.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at, why, revision)
SELECT id, rule, component, severity, symptom, title, 'open', started_at, $2, last_at, why, revision FROM candidates WHERE id = $1
ON CONFLICT (id) DO NOTHING RETURNING *

-- name: waiting_in
-- Reads and locks the candidates of a component that wait.
SELECT * FROM candidates WHERE component = $1 AND status = 'candidate' ORDER BY id FOR UPDATE

-- name: candidate
-- Reads one candidate that did not become an incident, as incidents are shown; long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, found_at AS opened_at, revision,
    customers AS affected, customers AS likely, 0::float8 AS behind_seconds, last_at AS failing_at, NULL::timestamptz AS silent_since, ended_at,
    NULL::timestamptz AS resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why, false AS shadow,
    NULL::timestamptz AS acknowledged_at, NULL AS acknowledged_by, NULL AS severity_by, NULL::jsonb AS public, merged_into, NULL AS split_from
FROM candidates WHERE id = $1 AND status NOT IN ('open', 'over')

-- name: list_candidates
-- Lists the candidates that wait, newest first, after a cursor of (found_at, id), as incidents are shown; long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, found_at AS opened_at, revision,
    customers AS affected, customers AS likely, 0::float8 AS behind_seconds, last_at AS failing_at, NULL::timestamptz AS silent_since, ended_at,
    NULL::timestamptz AS resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why, false AS shadow,
    NULL::timestamptz AS acknowledged_at, NULL AS acknowledged_by, NULL AS severity_by, NULL::jsonb AS public, merged_into, NULL AS split_from
FROM candidates
WHERE status = 'candidate' AND ($1::text IS NULL OR component = $1) AND ($2::timestamptz IS NULL OR (found_at, id) < ($2, $3))
ORDER BY found_at DESC, id DESC LIMIT $4
