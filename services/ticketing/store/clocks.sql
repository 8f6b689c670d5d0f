-- name: save_clocks
-- First-response clocks as they are now.
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
SELECT ticket_id, 'first_response', started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::text[]) AS new (ticket_id, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
ON CONFLICT (ticket_id, clock) DO UPDATE SET warned_at = excluded.warned_at, breached_at = excluded.breached_at,
    stopped_at = excluded.stopped_at, answered_by = excluded.answered_by
