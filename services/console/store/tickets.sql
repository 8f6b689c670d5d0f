-- name: tickets_known
-- Reads tickets.
SELECT id, number, customer_id, opened_at, changed_at, status, channel, subject, component, priority, assignee, incident_id, resolved_at,
    due_at, warned_at, breached_at, stopped_at, responded_at, responded_by, responded_automatically, person_responded_at, reopened, last_word_at,
    last_word_side
FROM tickets WHERE id = ANY ($1::text[])

-- name: save_tickets
-- Writes tickets as they are now.
INSERT INTO tickets (id, number, customer_id, opened_at, changed_at, status, channel, subject, component, priority, assignee, incident_id,
    resolved_at, due_at, warned_at, breached_at, stopped_at, responded_at, responded_by, responded_automatically, person_responded_at, reopened,
    last_word_at, last_word_side)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[],
    $17::timestamptz[], $18::timestamptz[], $19::text[], $20::boolean[], $21::timestamptz[], $22::int[], $23::timestamptz[], $24::text[])
ON CONFLICT (id) DO UPDATE SET opened_at = excluded.opened_at, changed_at = excluded.changed_at, status = excluded.status,
    channel = excluded.channel, subject = excluded.subject, component = excluded.component, priority = excluded.priority,
    assignee = excluded.assignee, incident_id = excluded.incident_id, resolved_at = excluded.resolved_at, due_at = excluded.due_at,
    warned_at = excluded.warned_at, breached_at = excluded.breached_at, stopped_at = excluded.stopped_at, responded_at = excluded.responded_at,
    responded_by = excluded.responded_by, responded_automatically = excluded.responded_automatically,
    person_responded_at = excluded.person_responded_at, reopened = excluded.reopened, last_word_at = excluded.last_word_at,
    last_word_side = excluded.last_word_side
