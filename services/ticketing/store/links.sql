-- name: link_of
-- Reads the link between a ticket and an incident, if it still holds.
SELECT ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict, ended_revision
FROM links WHERE ticket_id = $1 AND incident_id = $2 AND unlinked_at IS NULL

-- name: ended_unnoticed
-- Finds the incidents that ended while tickets with these numbers were being linked to them, or had them suggested.
SELECT i.id FROM tickets t JOIN links l ON l.ticket_id = t.id JOIN incidents i ON i.id = l.incident_id
WHERE t.number BETWEEN $1 AND $2 AND l.unlinked_at IS NULL AND i.resolved_at IS NOT NULL AND l.ended_revision < i.ended_revision
UNION
SELECT i.id FROM tickets t JOIN suggestions s ON s.ticket_id = t.id JOIN incidents i ON i.id = s.incident_id
WHERE t.number BETWEEN $1 AND $2 AND i.resolved_at IS NOT NULL AND i.ended_as <> 'resolved'

-- name: linked_to_ended
-- Locks some of the tickets that have not been through this end of their incident yet, with their links.
WITH piece AS MATERIALIZED (
    SELECT * FROM links WHERE incident_id = $1 AND unlinked_at IS NULL AND ended_revision < $2 LIMIT $3)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically,
    piece.reasons, piece.linked_at, piece.answered_at, piece.ended_revision
FROM piece JOIN tickets t ON t.id = piece.ticket_id JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number
FOR UPDATE OF t

-- name: linked_of_customers
-- Locks the tickets of some customers that are linked to some incidents and may still be about them, with their links.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically,
    l.incident_id AS linked_to, l.reasons, l.linked_at, l.answered_at, l.ended_revision
FROM tickets t JOIN links l ON l.ticket_id = t.id AND l.incident_id = ANY ($1::text[]) AND l.unlinked_at IS NULL
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.customer_id = ANY ($2::text[]) AND t.status <> 'closed'
ORDER BY t.number
FOR UPDATE OF t

-- name: been_through
-- Marks that these tickets have been through this end of their incident.
UPDATE links SET ended_revision = $2 WHERE incident_id = $1 AND ticket_id = ANY ($3::text[])

-- name: more_to_end
-- Says whether tickets are left that have not been through this end of their incident.
SELECT EXISTS (SELECT FROM links WHERE incident_id = $1 AND unlinked_at IS NULL AND ended_revision < $2)

-- name: save_link
-- Writes a link as it is now; an agent may link again what was unlinked.
INSERT INTO links (ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict, ended_revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (ticket_id, incident_id) DO UPDATE SET reasons = excluded.reasons, linked_at = excluded.linked_at,
    answered_at = excluded.answered_at, unlinked_at = excluded.unlinked_at, unlinked_by = excluded.unlinked_by,
    verdict = excluded.verdict, ended_revision = excluded.ended_revision
