-- name: messages
-- Lists what was said on a customer's tickets.
SELECT t.number, m.at, m.side, m.author, m.kind, m.subject, m.body, m.incident_id
FROM tickets t JOIN messages m ON m.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, m.at, m.id

-- name: erase_messages
-- Deletes what was said on a customer's tickets, and remembers the ids of the requests, so that none is taken again.
WITH gone AS (DELETE FROM messages WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1) RETURNING id, kind),
    remembered AS (INSERT INTO erased_messages (id) SELECT id FROM gone WHERE kind = 'request' ON CONFLICT DO NOTHING)
SELECT FROM gone

-- name: links
-- Lists the incidents that a customer's tickets are, or were thought to be, about; reasons and verdicts quote the customer.
SELECT t.number, l.incident_id, l.reasons, l.linked_at, l.answered_at, l.unlinked_at, l.unlinked_by, l.verdict
FROM tickets t JOIN links l ON l.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, l.linked_at, l.incident_id

-- name: erase_links
-- Deletes the links of a customer's tickets.
DELETE FROM links WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: suggestions
-- Lists the incidents that a customer's tickets may be about; reasons quote the customer.
SELECT t.number, s.incident_id, s.score, s.reasons, s.suggested_at
FROM tickets t JOIN suggestions s ON s.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, s.incident_id

-- name: erase_suggestions
-- Deletes the suggestions for a customer's tickets.
DELETE FROM suggestions WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: clocks
-- Lists the promises about a customer's tickets.
SELECT t.number, c.clock, c.started_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, c.clock

-- name: erase_clocks
-- Deletes the promises about a customer's tickets; timers that come for them find nothing to do.
DELETE FROM clocks WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: history
-- Lists who did what to a customer's tickets.
SELECT t.number, h.at, h.who, h.what, h.detail
FROM tickets t JOIN history h ON h.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, h.id

-- name: erase_history
-- Deletes the history of a customer's tickets.
DELETE FROM history WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: tickets
-- Lists a customer's tickets.
SELECT number, channel, subject, component, priority, status, assignee, incident_id, opened_at, changed_at, resolved_at
FROM tickets WHERE customer_id = $1 ORDER BY number

-- name: erase_tickets
-- Deletes a customer's tickets, with whatever came to them since the statements before; their numbers are not used again.
DELETE FROM tickets WHERE customer_id = $1

-- name: impact
-- Lists the incidents that touched a customer.
SELECT incident_id, certainty, first_seen_at, last_seen_at, count FROM impact WHERE customer_id = $1 ORDER BY incident_id

-- name: erase_impact
-- Deletes a customer's part in the impact of incidents.
DELETE FROM impact WHERE customer_id = $1

-- name: pieces
-- Lists the incidents whose impact on a customer is still to be matched with tickets.
SELECT incident_id FROM impact_to_match WHERE customers @> ARRAY[$1] ORDER BY incident_id, id

-- name: erase_pieces
-- Takes a customer out of the pieces of impact that are still to be matched.
UPDATE impact_to_match SET customers = array_remove(customers, $1) WHERE customers @> ARRAY[$1]

-- name: told
-- Lists when a customer was told of incidents.
SELECT incident_id, told_at FROM told WHERE customer_id = $1 ORDER BY incident_id

-- name: erase_told
-- Deletes when a customer was told of incidents.
DELETE FROM told WHERE customer_id = $1
