-- name: now
-- The database's clock, which everything here goes by.
SELECT clock()

-- name: known_messages
-- Which of these requests have been taken before.
SELECT id FROM messages WHERE id = ANY ($1::text[])

-- name: next_numbers
-- Numbers for new tickets, in order.
SELECT nextval('ticket_numbers') AS number FROM generate_series(1, $1::int)

-- name: continued
-- The tickets that requests say they continue, by id or number, if they are the same customer's.
SELECT asked.ref, t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, ref)
JOIN tickets t ON t.customer_id = asked.customer_id AND (t.id = asked.ref OR t.number::text = asked.ref)
JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number
FOR UPDATE OF t

-- name: candidates
-- The incidents that touch the customers of these tickets and were not over at that moment, but for those each ticket
-- is, or was, linked to, and those already suggested.
SELECT asked.ticket_id, m.certainty, m.first_seen_at, m.last_seen_at, m.count,
    i.id, i.component, i.title, i.started_at, i.resolved_at, i.revision, i.ended_as, i.ended_revision, i.tell
FROM unnest($1::text[], $2::text[]) AS asked (ticket_id, customer_id)
JOIN impact m ON m.customer_id = asked.customer_id
JOIN incidents i ON i.id = m.incident_id
WHERE (i.resolved_at IS NULL OR i.ended_as = 'resolved' AND i.resolved_at >= $3)
    AND NOT EXISTS (SELECT FROM links l WHERE l.ticket_id = asked.ticket_id AND l.incident_id = i.id)
    AND NOT EXISTS (SELECT FROM suggestions s WHERE s.ticket_id = asked.ticket_id AND s.incident_id = i.id)

-- name: unlinked_between
-- The unresolved tickets with these numbers that are linked to no incident, and the request that made each.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    (SELECT left(body, 4000) FROM messages m WHERE m.ticket_id = t.id AND m.kind = 'request' ORDER BY m.at, m.id LIMIT 1) AS body
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.number BETWEEN $1 AND $2 AND t.status IN ('open', 'in_progress', 'waiting') AND t.incident_id IS NULL
ORDER BY t.number
FOR UPDATE OF t

-- name: unlinked_of
-- The unresolved tickets of these customers since a moment that are linked to no incident, and the request that made each.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    (SELECT left(body, 4000) FROM messages m WHERE m.ticket_id = t.id AND m.kind = 'request' ORDER BY m.at, m.id LIMIT 1) AS body
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.customer_id = ANY ($1::text[]) AND t.opened_at >= $2
    AND t.status IN ('open', 'in_progress', 'waiting') AND t.incident_id IS NULL
ORDER BY t.number
FOR UPDATE OF t

-- name: ended_unnoticed
-- The incidents that have ended while the tickets with these numbers were being linked to them, or had them suggested.
SELECT i.id FROM tickets t JOIN links l ON l.ticket_id = t.id JOIN incidents i ON i.id = l.incident_id
WHERE t.number BETWEEN $1 AND $2 AND l.unlinked_at IS NULL AND i.resolved_at IS NOT NULL AND l.ended_revision < i.ended_revision
UNION
SELECT i.id FROM tickets t JOIN suggestions s ON s.ticket_id = t.id JOIN incidents i ON i.id = s.incident_id
WHERE t.number BETWEEN $1 AND $2 AND i.resolved_at IS NOT NULL AND i.ended_as <> 'resolved'

-- name: linked_to_ended
-- Some of the tickets that have not been through this end of their incident yet, with their links.
WITH piece AS MATERIALIZED (
    SELECT * FROM links WHERE incident_id = $1 AND unlinked_at IS NULL AND ended_revision < $2 LIMIT $3)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    piece.reasons, piece.linked_at, piece.answered_at, piece.ended_revision
FROM piece JOIN tickets t ON t.id = piece.ticket_id JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number
FOR UPDATE OF t

-- name: ended
-- These tickets have been through this end of their incident.
UPDATE links SET ended_revision = $2 WHERE incident_id = $1 AND ticket_id = ANY ($3::text[])

-- name: more_to_end
-- Whether tickets are left that have not been through this end of their incident.
SELECT EXISTS (SELECT FROM links WHERE incident_id = $1 AND unlinked_at IS NULL AND ended_revision < $2)

-- name: drop_suggestions
-- Some of the suggestions of an incident that no ticket is about.
DELETE FROM suggestions WHERE (ticket_id, incident_id) IN (
    SELECT ticket_id, incident_id FROM suggestions WHERE incident_id = $1 LIMIT $2)

-- name: ticket
-- One ticket by id or number, in nobody else's hands until the transaction ends.
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2
FOR UPDATE OF t

-- name: silent
-- Tickets that wait for a customer who has not answered since a moment; those that wait for an incident's end are not meant.
WITH piece AS MATERIALIZED (
    SELECT * FROM tickets t
    WHERE t.status = 'waiting' AND t.changed_at <= $1 AND NOT EXISTS (
        SELECT FROM incidents i JOIN links l ON l.incident_id = i.id AND l.ticket_id = t.id
        WHERE i.id = t.incident_id AND (i.resolved_at IS NULL OR l.ended_revision < i.ended_revision))
    ORDER BY t.changed_at LIMIT $2
    FOR UPDATE OF t SKIP LOCKED)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM piece t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number

-- name: settled
-- Tickets resolved before a moment.
WITH piece AS MATERIALIZED (
    SELECT * FROM tickets t WHERE t.status = 'resolved' AND t.resolved_at <= $1
    ORDER BY t.resolved_at LIMIT $2
    FOR UPDATE OF t SKIP LOCKED)
SELECT t.*, c.started_at, c.warn_at, c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM piece t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
ORDER BY t.number

-- name: link
-- The link between a ticket and an incident, while it holds.
SELECT ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict, ended_revision
FROM links WHERE ticket_id = $1 AND incident_id = $2 AND unlinked_at IS NULL

-- name: made_by
-- The ticket a customer's message is on.
SELECT ticket_id FROM messages WHERE id = $1

-- name: save_tickets
-- Tickets as they are now: new ones with all they are, others with what may change.
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, assignee, incident_id, opened_at, resolved_at,
    status, changed_at)
SELECT *, $13 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::text[])
ON CONFLICT (id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, incident_id = excluded.incident_id,
    resolved_at = excluded.resolved_at, changed_at = excluded.changed_at

-- name: save_clocks
-- First-response clocks as they are now.
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
SELECT ticket_id, 'first_response', started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::text[]) AS new (ticket_id, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by)
ON CONFLICT (ticket_id, clock) DO UPDATE SET warned_at = excluded.warned_at, breached_at = excluded.breached_at,
    stopped_at = excluded.stopped_at, answered_by = excluded.answered_by

-- name: save_messages
-- What was said, once.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body, incident_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
ON CONFLICT DO NOTHING

-- name: save_link
-- A link as it is now; an agent may link again what was unlinked.
INSERT INTO links (ticket_id, incident_id, reasons, linked_at, answered_at, unlinked_at, unlinked_by, verdict, ended_revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (ticket_id, incident_id) DO UPDATE SET reasons = excluded.reasons, linked_at = excluded.linked_at,
    answered_at = excluded.answered_at, unlinked_at = excluded.unlinked_at, unlinked_by = excluded.unlinked_by,
    verdict = excluded.verdict, ended_revision = excluded.ended_revision

-- name: save_suggestion
-- An incident that a ticket may be about; once only.
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: drop_suggestion
-- What an agent has decided is no suggestion any more.
DELETE FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: suggestion
-- Why an incident was suggested to a ticket.
SELECT reasons FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: remember
-- Who did what.
INSERT INTO history (ticket_id, at, who, what, detail)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[])

-- name: save_incident
-- An incident as the fact with the highest revision says it is.
INSERT INTO incidents (id, rule, component, severity, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, title = excluded.title, resolved_at = excluded.resolved_at,
    revision = excluded.revision, ended_as = excluded.ended_as, ended_revision = excluded.ended_revision, tell = excluded.tell,
    said_by = excluded.said_by, hops = excluded.hops

-- name: incident
-- One incident, and the fact that said so.
SELECT id, component, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops FROM incidents WHERE id = $1

-- name: incident_held
-- The same; until this transaction ends no fact changes it.
SELECT id, component, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops FROM incidents WHERE id = $1
FOR SHARE

-- name: save_impact_to_match
-- Impact whose customers' waiting tickets are still to be matched.
INSERT INTO impact_to_match (id, incident_id, customers, hops) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: impact_to_match_of
-- What came of an incident before the incident itself.
SELECT id FROM impact_to_match WHERE incident_id = $1

-- name: impact_to_match
-- One piece of impact.
SELECT id, incident_id, customers, hops FROM impact_to_match WHERE id = $1

-- name: matched_impact
-- Its customers' tickets have been matched.
DELETE FROM impact_to_match WHERE id = $1

-- name: save_impact
-- Customers an incident touches: what is known of one only ever grows.
INSERT INTO impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count)
WHERE known.certainty = 'likely' AND excluded.certainty = 'confirmed' OR excluded.first_seen_at < known.first_seen_at
    OR excluded.last_seen_at > known.last_seen_at OR excluded.count > known.count

-- name: save_told
-- When customers were first told of an incident.
INSERT INTO told AS known (incident_id, customer_id, told_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET told_at = least(known.told_at, excluded.told_at)

-- name: shown
-- One ticket, to show.
SELECT t.id, t.number, t.customer_id, left(t.channel, 255) AS channel, left(t.subject, 998) AS subject, left(t.component, 255) AS component,
    t.priority, t.status, t.assignee, t.incident_id, t.opened_at, t.changed_at, t.resolved_at,
    c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2

-- name: listed
-- Tickets, newest first, from below a number.
SELECT t.id, t.number, t.customer_id, left(t.channel, 255) AS channel, left(t.subject, 998) AS subject, left(t.component, 255) AS component,
    t.priority, t.status, t.assignee, t.incident_id, t.opened_at, t.changed_at, t.resolved_at,
    c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE ($1::bigint IS NULL OR t.number < $1)
    AND ($2::text[] IS NULL OR t.status = ANY ($2))
    AND ($3::text IS NULL OR t.customer_id = $3)
    AND ($4::text IS NULL OR t.component = $4)
    AND ($5::text IS NULL OR t.incident_id = $5)
    AND ($6::text IS NULL OR t.assignee = $6)
    AND ($7::text IS NULL OR t.id IN (
        SELECT ticket_id FROM messages WHERE words @@ websearch_to_tsquery('simple', $7) UNION SELECT id FROM tickets WHERE number = $8))
ORDER BY t.number DESC
LIMIT $9

-- name: messages_of
-- What was said on a ticket, the latest first, from before a position on; long bodies are cut.
SELECT id, at, side, author, kind, left(subject, 2000) AS subject, left(body, 4000) AS body, length(body) AS body_length, incident_id
FROM messages WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))
ORDER BY at DESC, id DESC LIMIT $4

-- name: message_of
-- One thing that was said on a ticket, with all of its body.
SELECT id, at, side, author, kind, left(subject, 2000) AS subject, left(body, 100000) AS body, length(body) AS body_length, incident_id
FROM messages WHERE ticket_id = $1 AND id = $2

-- name: links_of
-- The incidents a ticket is, or was thought to be, about, the latest first, from before a position on; long texts are cut.
SELECT incident_id, ARRAY(SELECT left(reason, 500) FROM unnest(reasons[:20]) AS reason) AS reasons, linked_at, answered_at, unlinked_at,
    unlinked_by, left(verdict, 4000) AS verdict
FROM links WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (linked_at, incident_id) < ($2, $3))
ORDER BY linked_at DESC, incident_id DESC LIMIT $4

-- name: suggestions_of
-- The incidents a ticket may be about, the likeliest first, from after a position on; long texts are cut.
SELECT s.incident_id, left(i.title, 1000) AS title, left(i.component, 255) AS component, s.score,
    ARRAY(SELECT left(reason, 500) FROM unnest(s.reasons[:20]) AS reason) AS reasons, s.suggested_at
FROM suggestions s JOIN incidents i ON i.id = s.incident_id
WHERE s.ticket_id = $1 AND ($2::float8 IS NULL OR s.score < $2 OR s.score = $2 AND s.incident_id > $3)
ORDER BY s.score DESC, s.incident_id LIMIT $4

-- name: clocks_of
-- The promises about a ticket.
SELECT clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by FROM clocks WHERE ticket_id = $1 ORDER BY clock

-- name: history_of
-- Who did what to a ticket, the latest first, from below an id on; a detail that is long is left out.
SELECT id, at, who, what, CASE WHEN octet_length(detail::text) <= 8000 THEN detail END AS detail
FROM history WHERE ticket_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3

-- name: deed_of
-- One thing somebody did to a ticket, with its detail unless that is longer than any answer.
SELECT id, at, who, what, CASE WHEN octet_length(detail::text) <= 1000000 THEN detail END AS detail
FROM history WHERE ticket_id = $1 AND id = $2

-- name: queues
-- What is to be worked on, by whom, from after a position on; what nobody has comes last of its state.
SELECT status, assignee, count(*) AS tickets, min(opened_at) AS oldest_opened_at
FROM tickets
WHERE status IN ('open', 'in_progress', 'waiting')
    AND ($1::text IS NULL OR (status, assignee IS NULL, coalesce(assignee, '')) > ($1, $2::text IS NULL, coalesce($2, '')))
GROUP BY status, assignee ORDER BY status, assignee LIMIT $3

-- name: outcome
-- Of the customers an incident touches: how many were told, how many before they first wrote about it, and how long before, in seconds.
SELECT count(*) AS affected, count(told_at) AS told, count(told_at) FILTER (WHERE coalesce(told_at <= wrote_at, true)) AS told_before_contact,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM wrote_at - told_at)::float8) FILTER (WHERE told_at <= wrote_at) AS lead_time
FROM (
    SELECT told.told_at, min(t.opened_at) AS wrote_at
    FROM impact m
    LEFT JOIN told ON told.incident_id = m.incident_id AND told.customer_id = m.customer_id
    LEFT JOIN tickets t ON t.incident_id = m.incident_id AND t.customer_id = m.customer_id
    WHERE m.incident_id = $1
    GROUP BY m.customer_id, told.told_at) AS contacts

-- name: leads
-- Of each customer who wrote about an incident after they were told: how long after, in seconds.
SELECT extract(epoch FROM min(t.opened_at) - told.told_at)::float8 AS lead
FROM tickets t
JOIN told ON told.incident_id = t.incident_id AND told.customer_id = t.customer_id
JOIN impact m ON m.incident_id = t.incident_id AND m.customer_id = t.customer_id
WHERE t.incident_id = $1
GROUP BY t.customer_id, told.told_at
HAVING min(t.opened_at) >= told.told_at

-- name: tickets_during
-- How many tickets affected customers opened in a time, about the incident or not.
SELECT count(*) FROM impact m JOIN tickets t ON t.customer_id = m.customer_id
WHERE m.incident_id = $1 AND t.opened_at BETWEEN $2 AND $3

-- name: tickets_linked
-- How many tickets are linked to an incident now.
SELECT count(*) FROM tickets WHERE incident_id = $1
