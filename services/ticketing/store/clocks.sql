-- name: save_clocks
-- Writes first-response clocks as they are now. How a clock was answered is null until it is.
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by, answered_automatically)
SELECT ticket_id, 'first_response', started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by,
    CASE WHEN answered_by IS NOT NULL THEN automatically END
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::text[], $9::boolean[])
    AS new (ticket_id, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by, automatically)
ON CONFLICT (ticket_id, clock) DO UPDATE SET warned_at = excluded.warned_at, breached_at = excluded.breached_at,
    stopped_at = excluded.stopped_at, answered_by = excluded.answered_by, answered_automatically = excluded.answered_automatically
