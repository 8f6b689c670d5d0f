-- name: clocks_of
-- How far the event time of these partitions has come.
SELECT partition, clock FROM fold_clocks WHERE partition = ANY ($1::int[])

-- name: keep_clocks
-- How far the event time of these partitions has come.
INSERT INTO fold_clocks (partition, clock) SELECT * FROM unnest($1::int[], $2::float8[])
ON CONFLICT (partition) DO UPDATE SET clock = excluded.clock

-- name: drop_other_cells
-- What rules counted that are gone, or count something else by now.
DELETE FROM fold_cells WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: drop_other_tallies
-- The same, of customers' rows of failures.
DELETE FROM fold_tallies WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: drop_other_components
-- The same, of components.
DELETE FROM fold_components WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: components_of
-- The components known in these partitions whose last bucket is gone, the longest first; `''` stands for those that are not known.
SELECT partition, rule, component, watermark, closed, ahead FROM fold_components WHERE partition = ANY ($1::int[]) ORDER BY watermark

-- name: keep_components
-- What changed of components beside their buckets.
INSERT INTO fold_components (partition, rule, component, watermark, closed, ahead)
SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[])
ON CONFLICT (partition, rule, component) DO UPDATE
    SET watermark = excluded.watermark, closed = excluded.closed, ahead = excluded.ahead

-- name: drop_components
-- Components that others displaced.
DELETE FROM fold_components USING unnest($1::int[], $2::text[], $3::text[]) AS gone (partition, rule, component)
WHERE fold_components.partition = gone.partition AND fold_components.rule = gone.rule AND fold_components.component = gone.component

-- name: cells_of
-- The cells of these partitions, later states of a cell after earlier ones.
SELECT partition, rule, start, clock, cells FROM fold_cells WHERE partition = ANY ($1::int[]) ORDER BY partition, rule, start, part

-- name: keep_cells
-- The cells that changed since the last checkpoint.
INSERT INTO fold_cells (partition, rule, start, part, clock, cells)
SELECT partition, rule, start, $4, clock, cells
FROM unnest($1::int[], $2::text[], $3::bigint[], $5::float8[], $6::bytea[]) AS changed (partition, rule, start, clock, cells)

-- name: drop_cells
-- Buckets no late event can reach any more, and those that are written anew.
DELETE FROM fold_cells USING unnest($1::int[], $2::text[], $3::bigint[]) AS gone (partition, rule, start)
WHERE fold_cells.partition = gone.partition AND fold_cells.rule = gone.rule AND fold_cells.start = gone.start

-- name: tallies_of
-- Customers' rows of failures in these partitions, later states after earlier ones.
SELECT partition, rule, generation, rows FROM fold_tallies WHERE partition = ANY ($1::int[]) ORDER BY partition, rule, generation, part

-- name: keep_tallies
-- Customers' rows of failures that changed since the last checkpoint.
INSERT INTO fold_tallies (partition, rule, generation, part, rows)
SELECT partition, rule, generation, $4, rows
FROM unnest($1::int[], $2::text[], $3::bigint[], $5::bytea[]) AS changed (partition, rule, generation, rows)

-- name: drop_tallies
-- Rows nothing has touched for two generations, and generations that are written anew. When all rules' generations turn at once, a join
-- would read the whole table: OFFSET 0 keeps the look-ups in the index apart, and ctid takes what they found.
DELETE FROM fold_tallies WHERE ctid = ANY (ARRAY(
    SELECT stored.ctid FROM unnest($1::int[], $2::text[], $3::bigint[]) AS gone (partition, rule, generation), LATERAL (
        SELECT ctid FROM fold_tallies AS each
        WHERE each.partition = gone.partition AND each.rule = gone.rule AND each.generation = gone.generation OFFSET 0) AS stored))

-- name: old_buckets_of
-- What a version before 0003_fold left of these partitions, but for what is older than $2 seconds before its latest bucket.
SELECT partition, rule, start, cells
FROM (SELECT *, max(start) OVER (PARTITION BY partition) AS latest FROM fold_buckets WHERE partition = ANY ($1::int[])) AS old
WHERE start > latest - $2::float8 ORDER BY partition, rule, start

-- name: drop_old_buckets
-- They are in the newer tables now.
DELETE FROM fold_buckets WHERE partition = ANY ($1::int[])

-- name: seen_sizes
-- How many identities each minute of these partitions holds, and where the clock stood when it last grew.
SELECT partition, slot, max(coalesce(clock, (slot + 1) * 60))::float8 AS clock, (sum(length(ids)) / 8)::bigint AS size
FROM fold_seen WHERE partition = ANY ($1::int[]) GROUP BY partition, slot

-- name: seen_of
-- The identities these partitions have counted.
SELECT partition, slot, coalesce(clock, (slot + 1) * 60)::float8 AS clock, ids FROM fold_seen WHERE partition = ANY ($1::int[])

-- name: keep_seen
-- The identities counted since the last checkpoint; `part` keeps them beside the earlier ones.
INSERT INTO fold_seen (partition, slot, part, clock, ids)
SELECT partition, slot, $3, clock, ids FROM unnest($1::int[], $2::bigint[], $4::float8[], $5::bytea[]) AS fresh (partition, slot, clock, ids)

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
-- What was withdrawn or a false alarm touches nobody more. In order of id, as everybody locks them.
SELECT id, rule, component, started_at, coalesce(ended_at, resolved_at) FROM incidents
WHERE status = 'open' OR (status = 'resolved' AND opened_at > clock() - $1::interval) ORDER BY id

-- name: touch
-- Customers an incident touches: new ones are returned, known ones get their later evidence.
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, customer_id, 'confirmed', first_seen_at, last_seen_at, count
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[]) AS seen (customer_id, first_seen_at, last_seen_at, count)
ON CONFLICT (incident_id, customer_id) DO UPDATE
    SET last_seen_at = greatest(impact.last_seen_at, excluded.last_seen_at), count = greatest(impact.count, excluded.count)
RETURNING customer_id, (xmax = 0) AS is_new

-- name: count_affected
-- An incident touches so many customers more.
UPDATE incidents SET affected = affected + $2 WHERE id = $1

-- name: series_of
-- The windows and states of the components whose partials are in these partitions.
SELECT rule, component, home, state, fingerprint, heard_at, spoke_at FROM series WHERE home = ANY ($1::int[])

-- name: keep_series
-- The windows and states that changed.
INSERT INTO series (rule, component, home, state, fingerprint, heard_at, spoke_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::text[], $6::timestamptz[], $7::timestamptz[])
ON CONFLICT (rule, component) DO UPDATE SET home = excluded.home, state = excluded.state, fingerprint = excluded.fingerprint,
    heard_at = excluded.heard_at, spoke_at = excluded.spoke_at

-- name: drop_series
-- Windows and states of rules that are gone or count otherwise now, and of strangers that were quiet for long or are too many.
DELETE FROM series USING unnest($1::text[], $2::text[]) AS gone (rule, component)
WHERE series.rule = gone.rule AND series.component = gone.component

-- name: lock_incidents
-- How these incidents stand; nobody else changes them before this transaction ends.
SELECT * FROM incidents WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE

-- name: open_incident
-- A threshold was crossed. No row comes back when this trouble is known already.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at, behind_seconds, why)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING *

-- name: update_incident
-- It has news; it is no longer silent when $5. No row comes back when it is not open.
UPDATE incidents SET revision = revision + 1, why = $2, failing_at = coalesce($3, failing_at), behind_seconds = $4,
    silent_since = CASE WHEN $5 THEN NULL ELSE silent_since END
WHERE id = $1 AND status = 'open' RETURNING *

-- name: silence_incident
-- Its component says nothing any more. No row comes back when that is known, or it is not open.
UPDATE incidents SET revision = revision + 1, silent_since = $2, behind_seconds = $3
WHERE id = $1 AND status = 'open' AND silent_since IS NULL RETURNING *

-- name: end_incident
-- It is over, withdrawn or dismissed. No row comes back when it is not open.
UPDATE incidents SET revision = revision + 1, status = $2::text, ended_at = $3::timestamptz,
    resolved_at = CASE WHEN $2::text = 'resolved' THEN $3::timestamptz END,
    ended_by = $4, note = $5, why = coalesce($6, why), failing_at = coalesce($7, failing_at), behind_seconds = coalesce($8, behind_seconds)
WHERE id = $1 AND status = 'open' RETURNING *

-- name: open_incidents
-- The open incidents with the fingerprint of the rule that judges them.
SELECT incidents.id, incidents.rule, series.fingerprint FROM incidents LEFT JOIN series USING (rule, component)
WHERE status = 'open' ORDER BY incidents.id

-- name: heard_of_open
-- When the component of each open incident that is not silent was last heard.
SELECT incidents.id, incidents.rule, coalesce(series.heard_at, opened_at) AS heard_at, coalesce(series.spoke_at, opened_at) AS spoke_at
FROM incidents LEFT JOIN series USING (rule, component) WHERE status = 'open' AND silent_since IS NULL ORDER BY incidents.id

-- name: found_behind
-- The open incidents of which was last said what monitor found when it was further behind than $1 seconds.
SELECT id FROM incidents WHERE status = 'open' AND behind_seconds > $1 ORDER BY id

-- name: read_to
-- How far monitor reads, and the probe under way.
SELECT read_to, probe FROM reading FOR UPDATE

-- name: keep_read_to
-- How far monitor reads, and the probe under way.
UPDATE reading SET read_to = $1, probe = $2

-- name: offsets
-- How far both streams are committed in every partition.
SELECT topic, partition, next FROM offsets WHERE stream = 'monitor'

-- name: oldest_unsent
-- Since when the oldest fact waits to be published; no row when none does.
SELECT written_at FROM outbox ORDER BY id LIMIT 1

-- name: list_incidents
-- Newest first, after a cursor of (opened_at, id); long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why
FROM incidents
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR component = $2)
  AND ($3::timestamptz IS NULL OR (opened_at, id) < ($3, $4))
ORDER BY opened_at DESC, id DESC LIMIT $5

-- name: incident
-- One incident, to show; long texts are cut.
SELECT id, rule, left(component, 255) AS component, severity, symptom, left(title, 1000) AS title, status, started_at, opened_at, revision,
    affected, behind_seconds, failing_at, silent_since, ended_at, resolved_at, left(ended_by, 255) AS ended_by, left(note, 2000) AS note, why
FROM incidents WHERE id = $1

-- name: list_impact
-- The customers one incident touches, by id, after a cursor.
SELECT customer_id, certainty, first_seen_at, last_seen_at, count FROM impact
WHERE incident_id = $1 AND ($2::text IS NULL OR customer_id > $2) ORDER BY customer_id LIMIT $3

-- name: size_of_open
-- How many incidents are open, how many of them silent, and how many customers they touch: for the metrics.
SELECT count(*) AS incidents, count(silent_since) AS silent, coalesce(sum(affected), 0) AS customers FROM incidents WHERE status = 'open'
