-- name: one_incident
-- Returns one incident, how many of its customers were not told for each of these reasons (counted up to a limit), how many said that what
-- they were told helped, and what monitor has answered about it to people here whose fact is not heard yet.
SELECT i.id, i.rule, i.component, i.severity, i.symptom, i.title, i.status, i.started_at, i.opened_at, i.failing_at, i.silent_since,
    i.ended_at, i.ended_by, i.note, i.reason, i.behind_seconds, i.revision, i.said_at, i.why,
    i.affected, i.told, i.untold, i.wrote, i.tickets, i.tickets_open, i.acknowledged_at, i.acknowledged_by, i.public, i.merged_into,
    (SELECT title FROM incidents WHERE id = i.merged_into) AS merged_title, i.split_from,
    (SELECT title FROM incidents WHERE id = i.split_from) AS split_title,
    (SELECT jsonb_build_object('found_at', found_at, 'said_at', said_at, 'by', by, 'customers', customers)
     FROM candidates WHERE id = i.id) AS candidate,
    (SELECT jsonb_object_agg(reason, (
        SELECT count(*) FROM (
            SELECT FROM impact WHERE incident_id = $1 AND coalesce(untold_reason, '') = reason AND told_at IS NULL AND first_seen_at IS NOT NULL
            LIMIT $3) AS found))
     FROM unnest($2::text[]) AS reason) AS untold_for,
    (SELECT jsonb_build_object('yes', count(*) FILTER (WHERE helped = 'yes'), 'all', count(*)) FROM notifications
     WHERE incident_id = $1 AND helped IS NOT NULL) AS helped,
    (SELECT jsonb_agg(answer ORDER BY at, form_id) FROM awaited
     WHERE key = 'incident:' || $1 AND at > clock() - interval '30 seconds') AS answers
FROM incidents i WHERE i.id = $1

-- name: happened_to_incident
-- Lists what services said about an incident, and what happened to its customers by the second: the latest of each, so many at most.
-- The columns are in the order of timeline.py's Happened.
(SELECT at, service, what, who, detail, 0 AS customers, NULL::bigint AS ticket FROM timeline
 WHERE incident_id = $1 AND service = 'monitor' ORDER BY at DESC, id DESC LIMIT $2)
UNION ALL
(SELECT l.at, l.service, l.what, l.who, NULL, 0, (SELECT number FROM tickets WHERE id = l.ticket_id) FROM timeline l
 WHERE l.incident_id = $1 AND l.service <> 'monitor' ORDER BY l.at DESC, l.id DESC LIMIT $3)
UNION ALL
(SELECT second, CASE what WHEN 'touched' THEN 'monitor' ELSE 'notifier' END, what, NULL, NULL, customers, NULL FROM moments
 WHERE incident_id = $1 ORDER BY second DESC, what DESC LIMIT $4)

-- name: others_open
-- Lists the latest open incidents but this one, into which it may be merged.
SELECT id, title, opened_at FROM incidents WHERE status = 'open' AND id <> $1 AND merged_into IS NULL ORDER BY opened_at DESC, id DESC LIMIT $2

-- name: split_from
-- Lists the latest incidents that were split from an incident.
SELECT id, title, affected FROM incidents WHERE split_from = $1 ORDER BY opened_at DESC, id DESC LIMIT $2

-- name: tickets_of_incident
-- Lists tickets that are linked to an incident: state by state, in this order, the latest of each.
SELECT t.number, t.customer_id, t.subject, t.status, t.assignee, t.opened_at
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (status, place), LATERAL (
    SELECT number, customer_id, subject, status, assignee, opened_at FROM tickets
    WHERE incident_id = $1 AND status = wanted.status ORDER BY opened_at DESC LIMIT $3) t
ORDER BY wanted.place, t.opened_at DESC
LIMIT $3
