-- name: recent_incidents
-- Reads the incidents whose customers the folding instances must look for. An instance that catches up meets incidents that are over already.
-- One withdrawn or dismissed touches nobody more. `read`: all transactions before it have ended, and are seen.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS read, id, rule, component, started_at, coalesce(ended_at, resolved_at), opened_at,
    status IN ('open', 'resolved'), shadow, NULL::text, split_from
FROM (SELECT) AS one LEFT JOIN incidents ON status = 'open' OR (status = 'resolved' AND opened_at > clock() - $1::interval)

-- name: changed_incidents
-- Reads the incidents that transactions changed which may have been under way, or to come, when all before $1 had ended. Rows that were
-- restored from another server may name transactions that are still to come here: those are no news.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS read, id, rule, component, started_at, coalesce(ended_at, resolved_at), opened_at,
    status IN ('open', 'resolved'), shadow, NULL::text, split_from
FROM (SELECT) AS one LEFT JOIN incidents ON changed_in >= $1::text::xid8 AND changed_in < pg_snapshot_xmax(pg_current_snapshot())

-- name: merged_incidents
-- Reads those that were merged into an open one, which touches whom they find; a split one finds nobody.
SELECT m.id, m.rule, m.component, m.started_at, NULL::timestamptz, m.opened_at, true, m.shadow, m.merged_into
FROM incidents o JOIN incidents m ON m.merged_into = o.id WHERE o.status = 'open' AND m.split_from IS NULL

-- name: record_impact
-- Stores customers that an incident touches, and says who is new, and who was only likely touched until now. Of the confirmed the earliest
-- and the latest evidence is kept, in whatever order several rules find it; that the likely use the component again says nothing more. Whom
-- a person took out stays out.
WITH likely AS MATERIALIZED (
    SELECT customer_id FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[]) AND certainty = 'likely')
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_by)
SELECT $1, customer_id, certainty, first_seen_at, last_seen_at, count, $7
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[])
    AS seen (customer_id, certainty, first_seen_at, last_seen_at, count)
ON CONFLICT (incident_id, customer_id) DO UPDATE SET certainty = excluded.certainty,
    first_seen_at = CASE WHEN known.certainty = 'confirmed' THEN least(known.first_seen_at, excluded.first_seen_at) ELSE excluded.first_seen_at END,
    last_seen_at = CASE WHEN known.certainty = 'confirmed' THEN greatest(known.last_seen_at, excluded.last_seen_at) ELSE excluded.last_seen_at END,
    count = CASE WHEN known.certainty = 'confirmed' THEN greatest(known.count, excluded.count) ELSE excluded.count END,
    found_by = CASE WHEN known.certainty = 'confirmed' AND excluded.found_by IS NOT NULL THEN known.found_by ELSE excluded.found_by END
WHERE excluded.certainty = 'confirmed' AND known.taken_out_at IS NULL
RETURNING customer_id, (xmax = 0) AS is_new, certainty = 'confirmed' AND customer_id IN (SELECT customer_id FROM likely) AS is_confirmed

-- name: count_affected
-- Adds so many customers to those that an incident touches, and to those of them that it likely touches; fewer than none were confirmed.
UPDATE incidents SET affected = affected + $2, likely = likely + $3 WHERE id = $1

-- name: lock_incidents
-- Reads and locks these incidents: nobody else changes them before this transaction ends.
SELECT * FROM incidents WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE

-- name: lock_standing
-- Reads and locks the same, those that they were merged into, and those that were merged into them.
SELECT * FROM incidents WHERE id = ANY (ARRAY(
    SELECT unnest($1::text[]) UNION SELECT merged_into FROM incidents WHERE id = ANY ($1::text[]) AND merged_into IS NOT NULL
    UNION SELECT id FROM incidents WHERE merged_into = ANY ($1::text[])))
ORDER BY id FOR NO KEY UPDATE

-- name: open_incident
-- Opens an incident. No row comes back when this trouble is known already.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at, behind_seconds, why,
    shadow)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING RETURNING *

-- name: update_incident
-- Stores the news of an incident; it is no longer silent when $5. The rules that find it stay in its `why`. No row comes back when it is not open.
UPDATE incidents SET revision = revision + 1, failing_at = coalesce($3, failing_at), behind_seconds = $4,
    why = CASE WHEN why ? 'rules' THEN jsonb_build_object('rules', why -> 'rules') ELSE '{}' END || $2,
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
    ended_by = $4, note = $5, failing_at = coalesce($7, failing_at), behind_seconds = coalesce($8, behind_seconds),
    why = CASE WHEN why ? 'rules' THEN jsonb_build_object('rules', why -> 'rules') ELSE '{}' END || coalesce($6, why)
WHERE id = $1 AND status = ANY ($9::text[]) RETURNING *

-- name: acknowledge_incident
-- Has a person take an open incident. No row comes back when it stands as none of $4: it is `open` until somebody has it.
UPDATE incidents SET revision = revision + 1, acknowledged_at = $3, acknowledged_by = $2
WHERE id = $1 AND CASE WHEN status = 'open' AND acknowledged_at IS NOT NULL THEN 'acknowledged' ELSE status END = ANY ($4::text[]) RETURNING *

-- name: publish_update
-- Stores the latest words for customers. No row comes back when the incident is not open.
UPDATE incidents SET revision = revision + 1, public = $2 WHERE id = $1 AND status = 'open' RETURNING *

-- name: change_severity
-- Stores how bad a person says it is. No row comes back when it is that bad already, or not open.
UPDATE incidents SET revision = revision + 1, severity = $2, severity_by = $3
WHERE id = $1 AND status = 'open' AND severity <> $2 RETURNING *

-- name: touch_more
-- Counts that an incident touches so many customers more, and of them so many likely; fewer than none were taken out or confirmed.
-- No row comes back when it is not open.
UPDATE incidents SET revision = revision + 1, affected = affected + $2, likely = likely + $3 WHERE id = $1 AND status = 'open' RETURNING *

-- name: merge_incident
-- Has an incident be the same trouble as another, and judged by itself no more; with a moment ($5) it is over at once. No row comes back
-- when it is not open.
UPDATE incidents SET revision = revision + 1, status = 'withdrawn', merged_into = $2, ended_by = $3, note = $4, ended_at = $5
WHERE id = $1 AND status = 'open' RETURNING *

-- name: split_incident
-- Opens an incident of customers of another one that is open, and stands as that does; $7: what was merged into that, and is split off again,
-- should it be one. No row comes back when that is not open.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at, behind_seconds, why, shadow,
    affected, likely, split_from)
SELECT $2, of.rule, of.component, of.severity, of.symptom, coalesce($3, of.title), 'open', of.started_at, $4, one.failing_at, one.behind_seconds,
    of.why - 'rules', one.shadow, $5, $6, one.id
FROM incidents one JOIN incidents of ON of.id = coalesce($7, one.id) WHERE one.id = $1 AND one.status = 'open' RETURNING *

-- name: parts_of
-- Reads what was merged into an incident, of these components and by these rules (of whatever ones where none are named), the earliest first.
SELECT id FROM incidents WHERE merged_into = $1 AND status = 'withdrawn' AND split_from IS NULL
    AND (cardinality($2::text[]) = 0 OR component = ANY ($2)) AND (cardinality($3::text[]) = 0 OR rule = ANY ($3))
ORDER BY started_at, id

-- name: touched_by
-- Reads whom an incident touches only because of these, so many at most.
SELECT customer_id FROM impact WHERE incident_id = $1 AND taken_out_at IS NULL AND found_by = ANY ($2::text[]) ORDER BY customer_id LIMIT $3

-- name: follow_split
-- Has what was merged into an incident belong to the one that was split from that.
UPDATE incidents SET revision = revision + 1, merged_into = $2 WHERE id = ANY ($1::text[]) AND status = 'withdrawn' RETURNING *

-- name: merged_ids
-- Reads the ids of what was merged into an incident, some at most.
SELECT id FROM incidents WHERE merged_into = $1 ORDER BY id LIMIT $2

-- name: end_merged
-- Ends what was merged into an incident as that has ended.
UPDATE incidents m SET revision = m.revision + 1, status = o.status, ended_at = o.ended_at, resolved_at = o.resolved_at,
    ended_by = o.ended_by, note = o.note
FROM incidents o WHERE o.id = $1 AND m.merged_into = o.id AND m.status = 'withdrawn' AND m.ended_at IS NULL RETURNING m.*

-- name: follow_merged
-- Has what was merged into an incident that is merged itself belong to the other.
UPDATE incidents SET merged_into = $2 WHERE merged_into = $1 AND status = 'withdrawn'

-- name: merged_home
-- Finds the open incident into which one of this rule and component was merged: more of that trouble counts for it.
SELECT o.id FROM incidents m JOIN incidents o ON o.id = m.merged_into
WHERE m.rule = $1 AND m.component = $2 AND m.merged_into IS NOT NULL AND m.split_from IS NULL AND o.status = 'open' AND o.shadow = $3 ORDER BY o.opened_at LIMIT 1

-- name: open_incidents
-- Reads the open incidents with the fingerprint of the rule that judges them, and whether that was on trial when they opened. No rule judges
-- those that people split from others.
SELECT incidents.id, incidents.rule, incidents.shadow, series.fingerprint FROM incidents LEFT JOIN series USING (rule, component)
WHERE status = 'open' AND split_from IS NULL ORDER BY incidents.id

-- name: heard_of_open
-- Reads when the component of each open incident that is not silent was last heard.
SELECT incidents.id, incidents.rule, coalesce(series.heard_at, opened_at) AS heard_at, coalesce(series.spoke_at, opened_at) AS spoke_at
FROM incidents LEFT JOIN series USING (rule, component) WHERE status = 'open' AND silent_since IS NULL AND split_from IS NULL ORDER BY incidents.id

-- name: found_behind
-- Reads the open incidents whose last fact says that monitor was further behind than $1 seconds.
SELECT id FROM incidents WHERE status = 'open' AND behind_seconds > $1 ORDER BY id

-- name: list_incidents
-- Lists incidents, newest first, after a cursor of (opened_at, id); long texts are cut. The open ones are also those that are acknowledged,
-- and the withdrawn ones those that were merged.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, likely, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why,
    shadow, acknowledged_at, left(acknowledged_by, 255) AS acknowledged_by, left(severity_by, 255) AS severity_by, public, merged_into, split_from
FROM incidents
WHERE ($1::text IS NULL OR status = CASE $1 WHEN 'acknowledged' THEN 'open' WHEN 'merged' THEN 'withdrawn' ELSE $1 END)
  AND ($1 IS DISTINCT FROM 'acknowledged' OR acknowledged_at IS NOT NULL) AND ($1 IS DISTINCT FROM 'merged' OR merged_into IS NOT NULL)
  AND ($2::text IS NULL OR component = $2) AND ($3::bool IS NULL OR shadow = $3)
  AND ($4::timestamptz IS NULL OR (opened_at, id) < ($4, $5))
ORDER BY opened_at DESC, id DESC LIMIT $6

-- name: incident
-- Reads one incident, to show; long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, likely, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why,
    shadow, acknowledged_at, left(acknowledged_by, 255) AS acknowledged_by, left(severity_by, 255) AS severity_by, public, merged_into, split_from
FROM incidents WHERE id = $1

-- name: list_impact
-- Lists the customers that one incident touches, or those that people took out, by id, after a cursor; long texts are cut.
SELECT customer_id, certainty, first_seen_at, last_seen_at, count, left(said_by, 255) AS by, left(reason, 2000) AS reason, taken_out_at FROM impact
WHERE incident_id = $1 AND (taken_out_at IS NOT NULL) = $2 AND ($3::text IS NULL OR customer_id > $3) ORDER BY customer_id LIMIT $4

-- name: size_of_open
-- Counts how many incidents are open that people are told of, how many of them silent, and how many customers they touch: for the metrics.
SELECT count(*) AS incidents, count(silent_since) AS silent, coalesce(sum(affected), 0) AS customers
FROM incidents WHERE status = 'open' AND NOT shadow
