-- name: save_links
-- Stores which incident tickets are, or are no longer, about.
INSERT INTO ticket_links AS known (incident_id, customer_id, ticket_id, ticket_number, unlinked)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[])
ON CONFLICT (incident_id, customer_id, ticket_id) DO UPDATE SET unlinked = excluded.unlinked WHERE known.unlinked <> excluded.unlinked

-- name: tickets_of
-- Reads the tickets of these customers that are about the incident, or were found not to be.
SELECT customer_id, ticket_id, ticket_number AS number, unlinked
FROM ticket_links
WHERE incident_id = $1 AND customer_id = ANY ($2)
ORDER BY customer_id, ticket_number
