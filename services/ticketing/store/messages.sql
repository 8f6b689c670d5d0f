-- name: known_messages
-- Finds which of these requests have been taken before; the customers of some may have been erased since.
SELECT id FROM messages WHERE id = ANY ($1::text[]) UNION ALL SELECT id FROM erased_messages WHERE id = ANY ($1::text[])

-- name: made_by
-- Finds the ticket that a customer's message is on.
SELECT ticket_id FROM messages WHERE id = $1

-- name: answers_since
-- Reads the first message of support after a message of a ticket, the start of its body only; no row when the ticket has no such message.
SELECT newer.* FROM messages seen LEFT JOIN LATERAL (
    SELECT id, author, at, left(body, 300) AS body FROM messages
    WHERE ticket_id = seen.ticket_id AND side = 'support' AND (at, id) > (seen.at, seen.id)
    ORDER BY at, id LIMIT 1) AS newer ON true
WHERE seen.ticket_id = $1 AND seen.id = $2

-- name: save_messages
-- Adds what was said; a message that is there already stays as it is.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body, incident_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
ON CONFLICT DO NOTHING
