-- name: open_incidents
-- Lists the newest open incidents, and counts the open ones up to a limit.
SELECT id, title, component, rule, severity, symptom, status, started_at, opened_at, ended_at, silent_since, behind_seconds,
    affected, told, wrote, acknowledged_by, merged_into,
    (SELECT count(*) FROM (SELECT FROM incidents WHERE status = 'open' LIMIT $2) AS found) AS open
FROM incidents WHERE status = 'open'
ORDER BY opened_at DESC, id DESC
LIMIT $1

-- name: queue
-- Counts the tickets that wait in each state, how many of them nobody holds, and says since when the oldest has waited.
SELECT wanted.status,
    (SELECT coalesce(sum(tickets), 0)::bigint FROM ticket_counts WHERE status = wanted.status) AS tickets,
    (SELECT coalesce(sum(tickets) FILTER (WHERE assignee = ''), 0)::bigint FROM ticket_counts WHERE status = wanted.status) AS unheld,
    (SELECT opened_at FROM tickets WHERE status = wanted.status AND status IN ('open', 'in_progress', 'waiting')
     ORDER BY opened_at LIMIT 1) AS oldest_at
FROM unnest(ARRAY['open', 'in_progress', 'waiting']) WITH ORDINALITY AS wanted (status, place)
ORDER BY wanted.place

-- name: troubles
-- Says what needs a look: incidents that went silent, deliveries of the last day that failed for good, candidates that wait for a person
-- (all counted up to a limit), and dead letters that wait.
SELECT
    (SELECT count(*) FROM (
        SELECT FROM incidents WHERE status = 'open' AND silent_since IS NOT NULL LIMIT $1) AS found) AS silent,
    (SELECT jsonb_agg(to_jsonb(s)) FROM (
        SELECT id, title, silent_since FROM incidents WHERE status = 'open' AND silent_since IS NOT NULL
        ORDER BY silent_since, id LIMIT 5) AS s) AS silent_incidents,
    (SELECT count(*) FROM (
        SELECT FROM notifications WHERE status = 'failed' AND at > clock() - interval '24 hours' LIMIT $1) AS found) AS failed,
    (SELECT count(*) FROM (SELECT FROM candidates WHERE status = 'candidate' LIMIT $1) AS found) AS candidates,
    (SELECT coalesce(sum(waiting), 0)::bigint FROM letters) AS letters,
    (SELECT count(*) FROM letters WHERE waiting > 0) AS topics
