-- name: shown
-- Reads one ticket as REST shows it.
SELECT t.id, t.number, t.customer_id, left(t.channel, 255) AS channel, left(t.subject, 998) AS subject, left(t.component, 255) AS component,
    t.priority, t.status, t.assignee, t.incident_id, t.opened_at, t.changed_at, t.resolved_at,
    c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
FROM tickets t JOIN clocks c ON c.ticket_id = t.id AND c.clock = 'first_response'
WHERE t.id = $1 OR t.number = $2

-- name: listed
-- Lists tickets below a number, newest first.
SELECT t.id, t.number, t.customer_id, left(t.channel, 255) AS channel, left(t.subject, 998) AS subject, left(t.component, 255) AS component,
    t.priority, t.status, t.assignee, t.incident_id, t.opened_at, t.changed_at, t.resolved_at,
    c.due_at, c.warned_at, c.breached_at, c.stopped_at, c.answered_by,
    coalesce(c.answered_automatically, c.answered_by = 'forewarn', false) AS answered_automatically
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
-- Lists what was said on a ticket before a position, the latest first; long bodies are cut.
SELECT id, at, side, author, kind, left(subject, 2000) AS subject, left(body, 4000) AS body, length(body) AS body_length, incident_id
FROM messages WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))
ORDER BY at DESC, id DESC LIMIT $4

-- name: message_of
-- Reads one message of a ticket with all of its body.
SELECT id, at, side, author, kind, left(subject, 2000) AS subject, left(body, 100000) AS body, length(body) AS body_length, incident_id
FROM messages WHERE ticket_id = $1 AND id = $2

-- name: links_of
-- Lists the incidents a ticket is, or was thought to be, about before a position, the latest first; long texts are cut.
SELECT incident_id, ARRAY(SELECT left(reason, 500) FROM unnest(reasons[:20]) AS reason) AS reasons, linked_at, answered_at, unlinked_at,
    unlinked_by, left(verdict, 4000) AS verdict
FROM links WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (linked_at, incident_id) < ($2, $3))
ORDER BY linked_at DESC, incident_id DESC LIMIT $4

-- name: suggestions_of
-- Lists the incidents a ticket may be about after a position, the likeliest first; long texts are cut.
SELECT s.incident_id, left(i.title, 1000) AS title, left(i.component, 255) AS component, s.score,
    ARRAY(SELECT left(reason, 500) FROM unnest(s.reasons[:20]) AS reason) AS reasons, s.suggested_at
FROM suggestions s JOIN incidents i ON i.id = s.incident_id
WHERE s.ticket_id = $1 AND ($2::float8 IS NULL OR s.score < $2 OR s.score = $2 AND s.incident_id > $3)
ORDER BY s.score DESC, s.incident_id LIMIT $4

-- name: clocks_of
-- Lists the promises about a ticket.
SELECT clock, started_at, warn_at, due_at, warned_at, breached_at, stopped_at, answered_by,
    coalesce(answered_automatically, answered_by = 'forewarn', false) AS answered_automatically
FROM clocks WHERE ticket_id = $1 ORDER BY clock

-- name: history_of
-- Lists who did what to a ticket below an id, the latest first; a long detail is left out.
SELECT id, at, who, what,
    coalesce(actor, CASE who WHEN 'customer' THEN 'customer' WHEN 'forewarn' THEN 'forewarn' ELSE 'agent' END) AS actor,
    CASE WHEN octet_length(detail::text) <= 8000 THEN detail END AS detail
FROM history WHERE ticket_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3

-- name: history_line
-- Reads one line of a ticket's history, with its detail unless that is longer than any answer.
SELECT id, at, who, what,
    coalesce(actor, CASE who WHEN 'customer' THEN 'customer' WHEN 'forewarn' THEN 'forewarn' ELSE 'agent' END) AS actor,
    CASE WHEN octet_length(detail::text) <= 1000000 THEN detail END AS detail
FROM history WHERE ticket_id = $1 AND id = $2

-- name: queues
-- Counts the tickets to be worked on by state and agent after a position; those that nobody has come last of their state.
SELECT status, assignee, count(*) AS tickets, min(opened_at) AS oldest_opened_at
FROM tickets
WHERE status IN ('open', 'in_progress', 'waiting')
    AND ($1::text IS NULL OR (status, assignee IS NULL, coalesce(assignee, '')) > ($1, $2::text IS NULL, coalesce($2, '')))
GROUP BY status, assignee ORDER BY status, assignee LIMIT $3
