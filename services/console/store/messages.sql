-- name: add_messages
-- Adds what was said on tickets.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body, incident_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
ON CONFLICT (id) DO NOTHING
