-- name: candidates
-- Finds the incidents that touch the customers of these tickets and were not over at that moment. Incidents that a ticket
-- is or was linked to, or that were suggested to it, are left out.
SELECT asked.ticket_id, m.certainty, m.first_seen_at, m.last_seen_at, m.count,
    i.id, i.component, i.title, i.started_at, i.resolved_at, i.revision, i.ended_as, i.ended_revision, i.tell
FROM unnest($1::text[], $2::text[]) AS asked (ticket_id, customer_id)
JOIN impact m ON m.customer_id = asked.customer_id
JOIN incidents i ON i.id = m.incident_id
WHERE (i.resolved_at IS NULL OR i.ended_as = 'resolved' AND i.resolved_at >= $3)
    AND NOT EXISTS (SELECT FROM links l WHERE l.ticket_id = asked.ticket_id AND l.incident_id = i.id)
    AND NOT EXISTS (SELECT FROM suggestions s WHERE s.ticket_id = asked.ticket_id AND s.incident_id = i.id)

-- name: save_impact
-- Merges the customers of a piece of impact into what is known: certainty, times and counts only grow.
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count)
WHERE known.certainty = 'likely' AND excluded.certainty = 'confirmed' OR excluded.first_seen_at < known.first_seen_at
    OR excluded.last_seen_at > known.last_seen_at OR excluded.count > known.count

-- name: take_out_of_impact
-- Deletes customers from the impact of an incident.
DELETE FROM impact WHERE incident_id = $1 AND customer_id = ANY ($2::text[])

-- name: save_impact_to_match
-- Keeps a piece of impact until the tickets of its customers are matched.
INSERT INTO impact_to_match (id, incident_id, customers, hops) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: impact_to_match_of
-- Finds the pieces of impact that came before their incident did.
SELECT id FROM impact_to_match WHERE incident_id = $1

-- name: impact_to_match
-- Reads one piece of impact.
SELECT id, incident_id, customers, hops FROM impact_to_match WHERE id = $1

-- name: matched_impact
-- Deletes a piece of impact whose customers' tickets have been matched.
DELETE FROM impact_to_match WHERE id = $1
