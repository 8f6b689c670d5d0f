-- name: found_by_rules
-- Counts what each rule has found in the last 30 days; their customers count once an incident.
SELECT rule, count(*) AS incidents, count(*) FILTER (WHERE opened_at > clock() - interval '7 days') AS of_week,
    count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'dismissed') AS dismissed,
    sum(affected)::bigint AS affected, sum(told)::bigint AS told, sum(wrote)::bigint AS wrote, max(opened_at) AS latest
FROM incidents WHERE opened_at > clock() - interval '30 days' GROUP BY rule ORDER BY rule
