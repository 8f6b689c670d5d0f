-- name: counts
-- Counts the tickets to be worked on: in all, this person's ($1), nobody's, those of no incident, and the five incidents with the most;
-- and finds since when the oldest waits.
WITH waiting AS (SELECT * FROM ticket_counts WHERE status IN ('open', 'in_progress') AND tickets > 0),
    by_incident AS (SELECT incident_id, sum(tickets) AS tickets FROM waiting WHERE incident_id <> '' GROUP BY incident_id
        ORDER BY sum(tickets) DESC, incident_id LIMIT 5)
SELECT coalesce(sum(tickets), 0)::bigint AS tickets,
    coalesce(sum(tickets) FILTER (WHERE assignee = $1), 0)::bigint AS mine,
    coalesce(sum(tickets) FILTER (WHERE assignee = ''), 0)::bigint AS nobodys,
    coalesce(sum(tickets) FILTER (WHERE incident_id = ''), 0)::bigint AS unlinked,
    (SELECT jsonb_agg(jsonb_build_object('id', b.incident_id, 'tickets', b.tickets, 'title', i.title, 'status', i.status)
        ORDER BY b.tickets DESC, b.incident_id) FROM by_incident b LEFT JOIN incidents i ON i.id = b.incident_id) AS incidents,
    least((SELECT opened_at FROM tickets WHERE status = 'open' ORDER BY opened_at LIMIT 1),
        (SELECT opened_at FROM tickets WHERE status = 'in_progress' ORDER BY opened_at LIMIT 1)) AS oldest_at
FROM waiting

-- name: waiting
-- Lists tickets after a place: those that owe a first response by the end of their clock (part 1), then the others by their age (part 2);
-- ordered by age alone ($1 false), all are in part 2. $2 states, $3 assignee ('' for nobody), $4 incident ('' for none), $5 to $7 the place.
WITH due AS MATERIALIZED (
    SELECT each.* FROM unnest($2::text[]) AS s (status) CROSS JOIN LATERAL (
        SELECT t.id, 1 AS part, t.due_at AS place_at, t.number FROM tickets t
        WHERE $1 AND $5 = 1 AND t.status IN ('open', 'in_progress', 'waiting') AND t.status = s.status AND t.responded_at IS NULL
            AND t.due_at IS NOT NULL AND (t.due_at, t.number) > ($6, $7)
            AND ($3::text IS NULL OR $3 = '' AND t.assignee IS NULL OR $3 <> '' AND t.assignee = $3)
            AND ($4::text IS NULL OR $4 = '' AND t.incident_id IS NULL OR $4 <> '' AND t.incident_id = $4)
        ORDER BY t.due_at, t.number LIMIT $8) AS each
    ORDER BY each.place_at, each.number LIMIT $8),
page AS (
    SELECT * FROM due
    UNION ALL
    (SELECT each.* FROM unnest($2::text[]) AS s (status) CROSS JOIN LATERAL (
        SELECT t.id, 2 AS part, t.opened_at AS place_at, t.number FROM tickets t
        WHERE t.status IN ('open', 'in_progress', 'waiting') AND t.status = s.status
            AND (NOT $1 OR t.responded_at IS NOT NULL OR t.due_at IS NULL)
            AND ($5 = 1 OR (t.opened_at, t.number) > ($6, $7))
            AND ($3::text IS NULL OR $3 = '' AND t.assignee IS NULL OR $3 <> '' AND t.assignee = $3)
            AND ($4::text IS NULL OR $4 = '' AND t.incident_id IS NULL OR $4 <> '' AND t.incident_id = $4)
        ORDER BY t.opened_at, t.number LIMIT $8) AS each
    WHERE (SELECT count(*) FROM due) < $8
    ORDER BY each.place_at, each.number LIMIT $8)
    ORDER BY part, place_at, number LIMIT $8)
SELECT page.part, page.place_at, t.number, t.subject, t.customer_id, c.name AS customer_name, t.status, t.priority, t.assignee, t.incident_id,
    i.title AS incident_title, t.opened_at, t.due_at, t.warned_at, t.breached_at, t.responded_at, t.responded_automatically,
    t.person_responded_at, CASE WHEN t.last_word_side = 'customer' THEN t.last_word_at ELSE t.opened_at END AS waits_since,
    (SELECT array_agg(DISTINCT v.person) FROM viewing v
        WHERE v.ticket_id = t.id AND v.seen_at > clock() - interval '30 seconds') AS viewers
FROM page JOIN tickets t ON t.id = page.id LEFT JOIN customers c ON c.id = t.customer_id LEFT JOIN incidents i ON i.id = t.incident_id
ORDER BY page.part, page.place_at, page.number
