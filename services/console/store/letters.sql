-- name: keep_letters
-- Keeps what waits on each dead letter topic; a topic that is no more goes.
WITH new AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::jsonb[]) AS new (topic, letters, waiting, oldest_at, reasons)),
    gone AS (DELETE FROM letters WHERE topic <> ALL ($1::text[]))
INSERT INTO letters (topic, letters, waiting, oldest_at, reasons, seen_at) SELECT *, clock() FROM new
ON CONFLICT (topic) DO UPDATE SET letters = excluded.letters, waiting = excluded.waiting, oldest_at = excluded.oldest_at,
    reasons = excluded.reasons, seen_at = excluded.seen_at

-- name: letters
-- Lists the dead letter topics on which something is kept, those that wait longest first.
SELECT topic, letters, waiting, oldest_at, reasons, seen_at FROM letters WHERE letters > 0 ORDER BY oldest_at NULLS LAST, topic LIMIT 100
