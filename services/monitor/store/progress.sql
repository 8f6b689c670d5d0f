-- name: read_to
-- Reads how far monitor reads, and the probe under way.
SELECT read_to, probe FROM reading FOR UPDATE

-- name: keep_read_to
-- Stores how far monitor reads, and the probe under way.
UPDATE reading SET read_to = $1, probe = $2

-- name: offsets
-- Reads how far both streams are committed in every partition.
SELECT topic, partition, next FROM offsets WHERE stream = 'monitor'

-- name: forwarded
-- Counts how many product events were forwarded so far, over all partitions.
SELECT coalesce(sum(events), 0)::bigint FROM fold_forwarded

-- name: oldest_unsent
-- Reads since when the oldest fact waits to be published; no row when none does.
SELECT written_at FROM outbox ORDER BY id LIMIT 1
