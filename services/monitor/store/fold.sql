-- name: clocks_of
-- Reads how far the event time of these partitions has come.
SELECT partition, clock FROM fold_clocks WHERE partition = ANY ($1::int[])

-- name: keep_clocks
-- Stores how far the event time of these partitions has come.
INSERT INTO fold_clocks (partition, clock) SELECT * FROM unnest($1::int[], $2::float8[])
ON CONFLICT (partition) DO UPDATE SET clock = excluded.clock

-- name: drop_other_cells
-- Deletes what rules counted that are gone, or count something else by now.
DELETE FROM fold_cells WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: drop_other_tallies
-- Deletes the same of tallies.
DELETE FROM fold_tallies WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: drop_other_components
-- Deletes the same of components.
DELETE FROM fold_components WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: components_of
-- Reads the components known in these partitions whose last bucket is gone, the longest first; `''` stands for those that are not known.
SELECT partition, rule, component, watermark, closed, ahead FROM fold_components WHERE partition = ANY ($1::int[]) ORDER BY watermark

-- name: keep_components
-- Stores what changed of components beside their buckets.
INSERT INTO fold_components (partition, rule, component, watermark, closed, ahead)
SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[])
ON CONFLICT (partition, rule, component) DO UPDATE
    SET watermark = excluded.watermark, closed = excluded.closed, ahead = excluded.ahead

-- name: drop_components
-- Deletes components that others displaced.
DELETE FROM fold_components USING unnest($1::int[], $2::text[], $3::text[]) AS gone (partition, rule, component)
WHERE fold_components.partition = gone.partition AND fold_components.rule = gone.rule AND fold_components.component = gone.component

-- name: cells_of
-- Reads the cells of these partitions, later states of a cell after earlier ones.
SELECT partition, rule, start, clock, cells FROM fold_cells WHERE partition = ANY ($1::int[]) ORDER BY partition, rule, start, part

-- name: keep_cells
-- Stores the cells that changed since the last checkpoint.
INSERT INTO fold_cells (partition, rule, start, part, clock, cells)
SELECT partition, rule, start, $4, clock, cells
FROM unnest($1::int[], $2::text[], $3::bigint[], $5::float8[], $6::bytea[]) AS changed (partition, rule, start, clock, cells)

-- name: drop_cells
-- Deletes buckets that no late event can reach any more, and those that are written anew.
DELETE FROM fold_cells USING unnest($1::int[], $2::text[], $3::bigint[]) AS gone (partition, rule, start)
WHERE fold_cells.partition = gone.partition AND fold_cells.rule = gone.rule AND fold_cells.start = gone.start

-- name: tallies_of
-- Reads the tallies of these partitions, later states after earlier ones.
SELECT partition, rule, generation, rows FROM fold_tallies WHERE partition = ANY ($1::int[]) ORDER BY partition, rule, generation, part

-- name: keep_tallies
-- Stores the tallies that changed since the last checkpoint.
INSERT INTO fold_tallies (partition, rule, generation, part, rows)
SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])

-- name: drop_tallies
-- Deletes tallies that have not changed for two generations, and generations that are written anew. When all rules' generations turn at once, a join
-- would read the whole table: OFFSET 0 keeps the look-ups in the index apart, and ctid takes what they found.
DELETE FROM fold_tallies WHERE ctid = ANY (ARRAY(
    SELECT stored.ctid FROM unnest($1::int[], $2::text[], $3::bigint[]) AS gone (partition, rule, generation), LATERAL (
        SELECT ctid FROM fold_tallies AS each
        WHERE each.partition = gone.partition AND each.rule = gone.rule AND each.generation = gone.generation OFFSET 0) AS stored))

-- name: drop_other_moments
-- Deletes what rules on customers remembered that are gone, or judge something else by now.
DELETE FROM fold_moments WHERE partition = ANY ($1::int[]) AND rule <> ALL ($2::text[])

-- name: moments_of
-- Reads the moments of the customers of these partitions, later states of a customer after earlier ones.
SELECT partition, rule, rows FROM fold_moments WHERE partition = ANY ($1::int[]) ORDER BY partition, rule, part

-- name: keep_moments
-- Stores the customers who changed since the last checkpoint.
INSERT INTO fold_moments (partition, rule, part, rows)
SELECT partition, rule, part, rows FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bytea[]) AS changed (partition, rule, part, rows)

-- name: drop_moments
-- Deletes the moments that are written anew, found as tallies are.
DELETE FROM fold_moments WHERE ctid = ANY (ARRAY(
    SELECT stored.ctid FROM unnest($1::int[], $2::text[]) AS gone (partition, rule), LATERAL (
        SELECT ctid FROM fold_moments AS each WHERE each.partition = gone.partition AND each.rule = gone.rule OFFSET 0) AS stored))

-- name: old_buckets_of
-- Reads what a version before 0003_fold left of these partitions, but for what is older than $2 seconds before its latest bucket.
SELECT partition, rule, start, cells
FROM (SELECT *, max(start) OVER (PARTITION BY partition) AS latest FROM fold_buckets WHERE partition = ANY ($1::int[])) AS old
WHERE start > latest - $2::float8 ORDER BY partition, rule, start

-- name: drop_old_buckets
-- Deletes it: it is in the newer tables now.
DELETE FROM fold_buckets WHERE partition = ANY ($1::int[])

-- name: seen_sizes
-- Reads how many identities each minute of these partitions holds, and where the clock stood when it last grew.
SELECT partition, slot, max(coalesce(clock, (slot + 1) * 60))::float8 AS clock, (sum(length(ids)) / 8)::bigint AS size
FROM fold_seen WHERE partition = ANY ($1::int[]) GROUP BY partition, slot

-- name: seen_of
-- Reads the identities that these partitions have counted.
SELECT partition, slot, coalesce(clock, (slot + 1) * 60)::float8 AS clock, ids FROM fold_seen WHERE partition = ANY ($1::int[])

-- name: keep_seen
-- Stores the identities counted since the last checkpoint; `part` keeps them beside the earlier ones.
INSERT INTO fold_seen (partition, slot, part, clock, ids)
SELECT partition, slot, $3, clock, ids FROM unnest($1::int[], $2::bigint[], $4::float8[], $5::bytea[]) AS fresh (partition, slot, clock, ids)

-- name: drop_seen
-- Deletes identities of events that would be too late by now.
DELETE FROM fold_seen USING unnest($1::int[], $2::bigint[]) AS gone (partition, slot)
WHERE fold_seen.partition = gone.partition AND fold_seen.slot = gone.slot

-- name: accounts_of
-- Reads what became of the events of these partitions so far.
SELECT partition, read, counted, duplicate, unmatched, dead, late, ahead, coalesce(events, 0)
FROM fold_accounts LEFT JOIN fold_forwarded USING (partition) WHERE partition = ANY ($1::int[])

-- name: keep_account
-- Stores what became of the events of one partition so far.
INSERT INTO fold_accounts VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (partition) DO UPDATE SET read = excluded.read, counted = excluded.counted, duplicate = excluded.duplicate,
    unmatched = excluded.unmatched, dead = excluded.dead, late = excluded.late, ahead = excluded.ahead

-- name: keep_forwarded
-- Stores how many events of each partition were forwarded to the partition of their key.
INSERT INTO fold_forwarded (partition, events) SELECT * FROM unnest($1::int[], $2::bigint[]) AS forwarded (partition, events)
WHERE events > 0
ON CONFLICT (partition) DO UPDATE SET events = excluded.events WHERE fold_forwarded.events <> excluded.events
