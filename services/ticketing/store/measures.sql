-- name: save_told
-- Keeps when customers were first told of an incident.
INSERT INTO told AS known (incident_id, customer_id, told_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (incident_id, customer_id) DO UPDATE SET told_at = least(known.told_at, excluded.told_at)

-- name: reach
-- Counts the customers an incident touches: how many were told, how many of them before they first wrote about it,
-- and how long before (in seconds).
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
-- Measures, for each customer who wrote about an incident after they were told, how long after (in seconds).
SELECT extract(epoch FROM min(t.opened_at) - told.told_at)::float8 AS lead
FROM tickets t
JOIN told ON told.incident_id = t.incident_id AND told.customer_id = t.customer_id
JOIN impact m ON m.incident_id = t.incident_id AND m.customer_id = t.customer_id
WHERE t.incident_id = $1
GROUP BY t.customer_id, told.told_at
HAVING min(t.opened_at) >= told.told_at

-- name: tickets_during
-- Counts the tickets that affected customers opened in a time, about the incident or not.
SELECT count(*) FROM impact m JOIN tickets t ON t.customer_id = m.customer_id
WHERE m.incident_id = $1 AND t.opened_at BETWEEN $2 AND $3

-- name: tickets_linked
-- Counts the tickets that are linked to an incident now.
SELECT count(*) FROM tickets WHERE incident_id = $1
