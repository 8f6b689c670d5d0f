-- name: newest
-- Lists the latest changes, newest first: what a process that starts knows of the time before.
SELECT id, key FROM changes ORDER BY id DESC LIMIT $1

-- name: after
-- Lists the changes after the one with this id, in their order.
SELECT id, key FROM changes WHERE id > $1 ORDER BY id LIMIT $2

-- name: see
-- Notes that people have tickets open. It waits for no lock of a ticket's other viewers: each page has its own row.
INSERT INTO viewing (ticket_id, stream, person, seen_at)
SELECT ticket_id, stream, person, clock()
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS seen (ticket_id, stream, person)
ON CONFLICT (ticket_id, stream) DO UPDATE SET seen_at = excluded.seen_at

-- name: leave
-- Deletes what ended streams had open.
DELETE FROM viewing USING unnest($1::text[], $2::uuid[]) AS gone (ticket_id, stream)
WHERE viewing.ticket_id = gone.ticket_id AND viewing.stream = gone.stream
