-- name: save_links
-- Stores which incident tickets are, or are no longer, about.
INSERT INTO ticket_links AS known (incident_id, customer_id, ticket_id, ticket_number, unlinked)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[])
ON CONFLICT (incident_id, customer_id, ticket_id) DO UPDATE SET unlinked = excluded.unlinked WHERE known.unlinked <> excluded.unlinked

-- name: answered
-- Finds on which tickets these customers were told of these incidents, as far as they are about them still; ends that they were told since
-- count against it.
SELECT DISTINCT ON (n.incident_id, n.customer_id) n.incident_id, n.customer_id, n.ticket_id
FROM unnest($1::text[], $2::text[]) AS asked (incident_id, customer_id)
    JOIN notifications n ON n.incident_id = asked.incident_id AND n.customer_id = asked.customer_id
WHERE n.kind = 'answer' AND n.sent_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM ticket_links l WHERE l.incident_id = n.incident_id AND l.customer_id = n.customer_id AND l.ticket_id = n.ticket_id AND l.unlinked)
AND NOT EXISTS (
    SELECT FROM notifications e WHERE e.incident_id = n.incident_id AND e.customer_id = n.customer_id AND e.kind = ANY ($3::text[])
        AND e.sent_at > n.sent_at)
ORDER BY n.incident_id, n.customer_id, n.sent_at

-- name: tickets_of
-- Reads the tickets of these customers that are about the incident, or were found not to be.
SELECT customer_id, ticket_id, ticket_number AS number, unlinked
FROM ticket_links
WHERE incident_id = $1 AND customer_id = ANY ($2)
ORDER BY customer_id, ticket_number
