-- name: save_links
-- Stores which incident tickets are about.
INSERT INTO ticket_links (incident_id, customer_id, ticket_id, ticket_number)
SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT DO NOTHING

-- name: tickets_of
-- Reads for each of these customers the first of their tickets that is about the incident.
SELECT DISTINCT ON (customer_id) customer_id, ticket_id, ticket_number AS number
FROM ticket_links
WHERE incident_id = $1 AND customer_id = ANY ($2)
ORDER BY customer_id, ticket_number
