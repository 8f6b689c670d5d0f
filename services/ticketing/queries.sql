-- name: share
-- Requests are matched beside each other, but never beside incidents: each must see what the other has written.
SELECT pg_advisory_xact_lock_shared(hashtext('forewarn.ticketing.matching'))

-- name: alone
-- Incidents are matched alone: no request may be half way between looking for incidents and being a ticket.
SELECT pg_advisory_xact_lock(hashtext('forewarn.ticketing.matching'))

-- name: now
-- The database's clock, which everything here goes by.
SELECT clock()

-- name: known_messages
-- Which of these requests have been taken before.
SELECT id FROM messages WHERE id = ANY ($1::text[])

-- name: next_numbers
-- Numbers for new tickets, in order.
SELECT nextval('ticket_numbers') AS number FROM generate_series(1, $1::int)

-- name: continued
-- The tickets that requests say they continue, by id or number, if they are the same customer's.
SELECT asked.ref, t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, ref)
JOIN tickets t ON t.customer_id = asked.customer_id AND (t.id = asked.ref OR t.number::text = asked.ref)
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
FOR UPDATE OF t

-- name: evidence_of
-- The incidents that touch these customers and were not over at that moment.
SELECT m.customer_id, m.certainty, m.first_seen_at, m.last_seen_at, m.count, i.id, i.component, i.title, i.started_at, i.resolved_at
FROM impact m JOIN incidents i ON i.id = m.incident_id
WHERE m.customer_id = ANY ($1::text[]) AND (i.resolved_at IS NULL OR i.resolved_at >= $2)

-- name: unlinked_of_affected
-- The unresolved tickets of an incident's affected customers (of these customers only, if some are given) that could be about it.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    m.certainty, m.first_seen_at, m.last_seen_at, m.count
FROM impact m
JOIN tickets t ON t.customer_id = m.customer_id
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE m.incident_id = $1 AND ($2::text[] IS NULL OR m.customer_id = ANY ($2)) AND t.opened_at >= $3
    AND t.status IN ('open', 'in_progress', 'waiting') AND t.incident_id IS NULL
    AND NOT EXISTS (SELECT FROM links WHERE links.ticket_id = t.id AND links.incident_id = m.incident_id)
ORDER BY t.number
FOR UPDATE OF t

-- name: unresolved_of_incident
-- The unresolved tickets linked to an incident, and whether they were told its status.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by, l.answered_at
FROM tickets t
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
JOIN links l ON l.ticket_id = t.id AND l.incident_id = t.incident_id
WHERE t.incident_id = $1 AND t.status IN ('open', 'in_progress', 'waiting')
ORDER BY t.number
FOR UPDATE OF t

-- name: ticket
-- One ticket by id or number, in nobody else's hands until the transaction ends.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2
FOR UPDATE OF t

-- name: silent
-- Tickets that wait for a customer who has not answered since a moment; those that wait for an incident are not meant.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.status = 'waiting' AND t.changed_at <= $1
    AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = t.incident_id AND i.resolved_at IS NULL)
ORDER BY t.number LIMIT $2
FOR UPDATE OF t SKIP LOCKED

-- name: settled
-- Tickets resolved before a moment.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.status = 'resolved' AND t.resolved_at <= $1
ORDER BY t.number LIMIT $2
FOR UPDATE OF t SKIP LOCKED

-- name: link
-- The link between a ticket and an incident, while it holds.
SELECT ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict
FROM links WHERE ticket_id = $1 AND incident_id = $2 AND unlinked_at IS NULL

-- name: made_by
-- The ticket a customer's message is on.
SELECT ticket_id FROM messages WHERE id = $1

-- name: save_tickets
-- Tickets as they are now: new ones with all they are, others with what may change.
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, assignee, incident_id, opened_at, resolved_at,
    status, changed_at)
SELECT *, $13 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::text[])
ON CONFLICT (id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, incident_id = excluded.incident_id,
    resolved_at = excluded.resolved_at, changed_at = excluded.changed_at

-- name: save_clocks
-- First-response clocks as they are now.
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
SELECT ticket_id, 'first_response', started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::text[]) AS new (ticket_id, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
ON CONFLICT (ticket_id, clock) DO UPDATE SET warned_at = excluded.warned_at, breached_at = excluded.breached_at,
    stopped_at = excluded.stopped_at, answered_by = excluded.answered_by

-- name: save_messages
-- What was said, once.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body, incident_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
ON CONFLICT DO NOTHING

-- name: save_link
-- A link as it is now.
INSERT INTO links (ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (ticket_id, incident_id) DO UPDATE SET unlinked_at = excluded.unlinked_at, unlinked_by = excluded.unlinked_by,
    verdict = excluded.verdict

-- name: remember
-- Who did what.
INSERT INTO history (ticket_id, at, who, what, detail)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[])

-- name: unheard
-- Which of these facts are heard for the first time.
INSERT INTO heard (fact_id, heard_at) SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING RETURNING fact_id

-- name: save_incident
-- An incident as a fact says it is now.
INSERT INTO incidents (id, rule, component, severity, title, started_at, resolved_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, title = excluded.title, resolved_at = excluded.resolved_at
RETURNING id, component, title, started_at, resolved_at

-- name: incident
-- One incident.
SELECT id, component, title, started_at, resolved_at FROM incidents WHERE id = $1

-- name: save_impact
-- Customers an incident touches: what is known of one only ever grows.
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count)

-- name: save_told
-- When customers were first told of an incident.
INSERT INTO told AS known (incident_id, customer_id, told_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET told_at = least(known.told_at, excluded.told_at)

-- name: plan_for_values
-- The lists below have filters that are mostly absent: plan for those that are there.
SET LOCAL plan_cache_mode = force_custom_plan

-- name: shown
-- One ticket, to show.
SELECT t.*, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2

-- name: listed
-- Tickets, newest first, from below a number.
SELECT t.*, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE ($1::bigint IS NULL OR t.number < $1)
    AND ($2::text[] IS NULL OR t.status = ANY ($2))
    AND ($3::text IS NULL OR t.customer_id = $3)
    AND ($4::text IS NULL OR t.component = $4)
    AND ($5::text IS NULL OR t.incident_id = $5)
    AND ($6::text IS NULL OR t.assignee = $6)
    AND ($7::text IS NULL OR t.number::text = $7
        OR t.id IN (SELECT ticket_id FROM messages WHERE words @@ websearch_to_tsquery('simple', $7)))
ORDER BY t.number DESC
LIMIT $8

-- name: messages_of
-- What was said on a ticket, in order.
SELECT id, at, side, author, kind, subject, body, incident_id FROM messages WHERE ticket_id = $1 ORDER BY at, id

-- name: links_of
-- The incidents a ticket is, or was thought to be, about.
SELECT incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict FROM links WHERE ticket_id = $1 ORDER BY linked_at

-- name: clocks_of
-- The promises about a ticket.
SELECT clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by FROM clocks WHERE ticket_id = $1 ORDER BY clock

-- name: history_of
-- Who did what to a ticket, in order.
SELECT at, who, what, detail FROM history WHERE ticket_id = $1 ORDER BY id

-- name: queues
-- What is to be worked on, by whom.
SELECT status, assignee, count(*) AS tickets, min(opened_at) AS oldest_opened_at
FROM tickets WHERE status IN ('open', 'in_progress', 'waiting') GROUP BY status, assignee ORDER BY status, assignee

-- name: outcome
-- For each affected customer of an incident: when they were told, when they first wrote about it, if they did.
SELECT m.customer_id, told.told_at, min(t.opened_at) AS contacted_at
FROM impact m
LEFT JOIN told ON told.incident_id = m.incident_id AND told.customer_id = m.customer_id
LEFT JOIN tickets t ON t.incident_id = m.incident_id AND t.customer_id = m.customer_id
WHERE m.incident_id = $1
GROUP BY m.customer_id, told.told_at

-- name: tickets_during
-- How many tickets affected customers opened during an incident, about it or not; and how many are linked to it.
SELECT count(*) FILTER (WHERE m.customer_id IS NOT NULL AND t.opened_at BETWEEN $2 AND $3) AS tickets,
    count(*) FILTER (WHERE t.incident_id = $1) AS linked
FROM tickets t LEFT JOIN impact m ON m.incident_id = $1 AND m.customer_id = t.customer_id
WHERE t.customer_id IN (SELECT customer_id FROM impact WHERE incident_id = $1) OR t.incident_id = $1
