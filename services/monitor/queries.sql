-- name: buckets_of
-- The fold's snapshot of these partitions.
SELECT partition, rule, start, cells FROM fold_buckets WHERE partition = ANY ($1::int[]) ORDER BY start

-- name: keep_buckets
-- The buckets that changed since the last checkpoint, whole.
INSERT INTO fold_buckets (partition, rule, start, cells)
SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bytea[])
ON CONFLICT (partition, rule, start) DO UPDATE SET cells = excluded.cells

-- name: drop_buckets
-- Buckets no late event can reach any more.
DELETE FROM fold_buckets USING unnest($1::int[], $2::text[], $3::bigint[]) AS gone (partition, rule, start)
WHERE fold_buckets.partition = gone.partition AND fold_buckets.rule = gone.rule AND fold_buckets.start = gone.start

-- name: seen_of
-- The identities these partitions have counted within the horizon.
SELECT partition, slot, ids FROM fold_seen WHERE partition = ANY ($1::int[])

-- name: keep_seen
-- The identities counted since the last checkpoint; `part` keeps them beside the earlier ones.
INSERT INTO fold_seen (partition, slot, part, ids) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bytea[])

-- name: drop_seen
-- Identities of events that would be too late by now.
DELETE FROM fold_seen USING unnest($1::int[], $2::bigint[]) AS gone (partition, slot)
WHERE fold_seen.partition = gone.partition AND fold_seen.slot = gone.slot

-- name: accounts_of
-- Where every record of these partitions went so far.
SELECT * FROM fold_accounts WHERE partition = ANY ($1::int[])

-- name: keep_account
-- Where every record of one partition went so far.
INSERT INTO fold_accounts VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (partition) DO UPDATE SET read = excluded.read, counted = excluded.counted, duplicate = excluded.duplicate,
    unmatched = excluded.unmatched, dead = excluded.dead, late = excluded.late, ahead = excluded.ahead

-- name: recent_incidents
-- What the folding instances must know: whose customers to look for. An instance that catches up meets incidents that are over already.
SELECT id, rule, component, started_at, resolved_at FROM incidents WHERE status = 'open' OR opened_at > clock() - $1::interval

-- name: touch
-- Customers an incident touches: new ones are returned, known ones get their later evidence.
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, customer_id, 'confirmed', first_seen_at, last_seen_at, count
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[]) AS seen (customer_id, first_seen_at, last_seen_at, count)
ON CONFLICT (incident_id, customer_id) DO UPDATE
    SET last_seen_at = greatest(impact.last_seen_at, excluded.last_seen_at), count = greatest(impact.count, excluded.count)
RETURNING customer_id, (xmax = 0) AS is_new

-- name: affected
-- How many customers an incident touches.
SELECT count(*) FROM impact WHERE incident_id = $1

-- name: series_of
-- The windows and states of the components whose partials are in these partitions.
SELECT rule, component, home, state FROM series WHERE home = ANY ($1::int[])

-- name: keep_series
-- The windows and states that changed.
INSERT INTO series (rule, component, home, state) SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[])
ON CONFLICT (rule, component) DO UPDATE SET home = excluded.home, state = excluded.state

-- name: open_incident
-- A threshold was crossed. Nothing happens when this trouble is known already.
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8) ON CONFLICT (id) DO NOTHING

-- name: update_incident
-- It grew.
UPDATE incidents SET revision = $2, why = $3 WHERE id = $1 AND status = 'open' AND revision < $2

-- name: resolve_incident
-- It is over. Nothing happens the second time.
UPDATE incidents SET status = 'resolved', resolved_at = $2, why = $3 WHERE id = $1 AND status = 'open'

-- name: list_incidents
-- Newest first, after a cursor of (opened_at, id).
SELECT incidents.*, (SELECT count(*) FROM impact WHERE incident_id = incidents.id) AS affected FROM incidents
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR component = $2)
  AND ($3::timestamptz IS NULL OR (opened_at, id) < ($3, $4))
ORDER BY opened_at DESC, id DESC LIMIT $5

-- name: incident
-- One incident.
SELECT incidents.*, (SELECT count(*) FROM impact WHERE incident_id = incidents.id) AS affected FROM incidents WHERE id = $1

-- name: list_impact
-- The customers one incident touches, by id, after a cursor.
SELECT customer_id, certainty, first_seen_at, last_seen_at, count FROM impact
WHERE incident_id = $1 AND ($2::text IS NULL OR customer_id > $2) ORDER BY customer_id LIMIT $3

-- name: size_of_open
-- How many incidents are open, and how many customers they touch: for the metrics.
SELECT count(*) AS incidents, coalesce(sum((SELECT count(*) FROM impact WHERE incident_id = incidents.id)), 0) AS customers
FROM incidents WHERE status = 'open'
