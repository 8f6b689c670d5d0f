-- name: remember
-- Adds lines to the history: who did what to a ticket.
INSERT INTO history (ticket_id, at, who, actor, what, detail)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
