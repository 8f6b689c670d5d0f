-- name: now
-- Reads the database's clock, which everything here goes by.
SELECT clock()

-- name: next_numbers
-- Draws numbers for new tickets, in order.
SELECT nextval('ticket_numbers') AS number FROM generate_series(1, $1::int)

-- name: continued
-- Locks the tickets that requests say they continue, by id or number, if they are the same customer's.
SELECT asked.ref, t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, ref)
JOIN tickets t ON t.customer_id = asked.customer_id AND (t.id = asked.ref OR t.number::text = asked.ref)
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number
FOR UPDATE OF t

-- name: unlinked_between
-- Locks the unresolved tickets with these numbers that are linked to no incident, with the request that made each.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically,
    (SELECT left(body, 4000) FROM messages m WHERE m.ticket_id = t.id AND m.kind = 'request' ORDER BY m.at, m.id LIMIT 1) AS body
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.number BETWEEN $1 AND $2 AND t.status IN ('open', 'in_progress', 'waiting') AND t.incident_id IS NULL AND t.risk_id IS NULL
ORDER BY t.number
FOR UPDATE OF t

-- name: unlinked_of
-- Locks the unresolved tickets of these customers since a moment that are linked to no incident, with the request that made each.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically,
    (SELECT left(body, 4000) FROM messages m WHERE m.ticket_id = t.id AND m.kind = 'request' ORDER BY m.at, m.id LIMIT 1) AS body
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.customer_id = ANY ($1::text[]) AND t.opened_at >= $2
    AND t.status IN ('open', 'in_progress', 'waiting') AND t.incident_id IS NULL AND t.risk_id IS NULL
ORDER BY t.number
FOR UPDATE OF t

-- name: ticket
-- Reads one ticket by id or number and locks it until the transaction ends.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2
FOR UPDATE OF t

-- name: touched
-- Says whether a customer or an agent has done or said anything on a ticket.
SELECT EXISTS (SELECT FROM history WHERE ticket_id = $1 AND actor <> 'forewarn') OR EXISTS (SELECT FROM messages WHERE ticket_id = $1)

-- name: knows_risk_is_over
-- Says whether a ticket's history says already that its risk is over.
SELECT EXISTS (SELECT FROM history WHERE ticket_id = $1 AND what = 'risk_over')

-- name: silent
-- Locks tickets that wait for a customer who has not answered since a moment; those that wait for an incident's end are left out.
WITH piece AS MATERIALIZED (
    SELECT * FROM tickets t
    WHERE t.status = 'waiting' AND t.changed_at <= $1 AND NOT EXISTS (
        SELECT FROM incidents i JOIN links l ON l.incident_id = i.id AND l.ticket_id = t.id
        WHERE i.id = t.incident_id AND (i.resolved_at IS NULL OR l.ended_revision < i.ended_revision))
    ORDER BY t.changed_at LIMIT $2
    FOR UPDATE OF t SKIP LOCKED)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
FROM piece t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number

-- name: long_resolved
-- Locks tickets that were resolved before a moment.
WITH piece AS MATERIALIZED (
    SELECT * FROM tickets t WHERE t.status = 'resolved' AND t.resolved_at <= $1
    ORDER BY t.resolved_at LIMIT $2
    FOR UPDATE OF t SKIP LOCKED)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
FROM piece t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number

-- name: save_tickets
-- Writes tickets as they are now: new ones whole, known ones where they may change.
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, assignee, incident_id, opened_at, resolved_at,
    risk_id, status, changed_at)
SELECT *, $14 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[])
ON CONFLICT (id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, incident_id = excluded.incident_id,
    resolved_at = excluded.resolved_at, changed_at = excluded.changed_at
