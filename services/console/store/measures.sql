-- name: alarms
-- Counts the incidents that were opened in a period.
SELECT count(*) AS incidents, count(*) FILTER (WHERE status <> 'open') AS ended, count(*) FILTER (WHERE status = 'dismissed') AS dismissed,
    coalesce(sum(affected), 0)::bigint AS affected, coalesce(sum(told), 0)::bigint AS told,
    coalesce(sum(told_first), 0)::bigint AS told_first, coalesce(sum(wrote), 0)::bigint AS wrote
FROM incidents WHERE opened_at >= $1 AND opened_at < $2

-- name: lead_time
-- Takes the median lead time, in seconds, of customers of the incidents of a period.
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', m.wrote_at - m.told_at))
FROM incidents i JOIN impact m ON m.incident_id = i.id
WHERE i.opened_at >= $1 AND i.opened_at < $2 AND m.first_seen_at IS NOT NULL AND m.wrote_at >= m.told_at

-- name: telling
-- Takes how many customers were told in one second at most, and how long after the opening, of the incidents of a period.
WITH seconds AS (
    SELECT date_trunc('second', m.told_at) AS second, count(*) AS told
    FROM incidents i JOIN impact m ON m.incident_id = i.id
    WHERE i.opened_at >= $1 AND i.opened_at < $2 AND m.first_seen_at IS NOT NULL AND m.told_at IS NOT NULL
    GROUP BY 1)
SELECT (SELECT max(told) FROM seconds) AS most,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', m.told_at - i.opened_at)) AS spread
FROM incidents i JOIN impact m ON m.incident_id = i.id
WHERE i.opened_at >= $1 AND i.opened_at < $2 AND m.first_seen_at IS NOT NULL AND m.told_at IS NOT NULL

-- name: work
-- Counts the tickets that were opened in a period, with the medians and 95th percentiles of what they waited for, in seconds.
SELECT count(*) AS tickets, count(*) FILTER (WHERE resolved_at IS NOT NULL OR reopened > 0) AS resolved,
    count(*) FILTER (WHERE reopened > 0) AS reopened,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', person_responded_at - opened_at))
        FILTER (WHERE person_responded_at IS NOT NULL) AS human,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', responded_at - opened_at))
        FILTER (WHERE responded_automatically AND responded_at IS NOT NULL) AS automatic,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', resolved_at - opened_at))
        FILTER (WHERE status IN ('resolved', 'closed') AND resolved_at IS NOT NULL) AS resolution
FROM tickets WHERE opened_at >= $1 AND opened_at < $2

-- name: incident_reach
-- Returns what is counted of one incident, and its median lead time in seconds.
SELECT affected, told, told_first, wrote, (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', m.wrote_at - m.told_at))
    FROM impact m WHERE m.incident_id = i.id AND m.wrote_at IS NOT NULL AND m.first_seen_at IS NOT NULL AND m.wrote_at >= m.told_at) AS lead_time
FROM incidents i WHERE id = $1

-- name: incident_telling
-- Takes how many customers of one incident were told in one second at most, and how long after its opening.
WITH seconds AS (
    SELECT date_trunc('second', told_at) AS second, count(*) AS told
    FROM impact WHERE incident_id = $1 AND first_seen_at IS NOT NULL AND told_at IS NOT NULL
    GROUP BY 1)
SELECT (SELECT max(told) FROM seconds) AS most, (
    SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', m.told_at - i.opened_at))
    FROM incidents i JOIN impact m ON m.incident_id = i.id
    WHERE i.id = $1 AND m.first_seen_at IS NOT NULL AND m.told_at IS NOT NULL) AS spread

-- name: incident_work
-- Counts the tickets that are linked to an incident now, with the medians and 95th percentiles of what they waited for, in seconds.
SELECT count(*) AS tickets, count(*) FILTER (WHERE resolved_at IS NOT NULL OR reopened > 0) AS resolved,
    count(*) FILTER (WHERE reopened > 0) AS reopened,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', person_responded_at - opened_at))
        FILTER (WHERE person_responded_at IS NOT NULL) AS human,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', responded_at - opened_at))
        FILTER (WHERE responded_automatically AND responded_at IS NOT NULL) AS automatic,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY date_part('epoch', resolved_at - opened_at))
        FILTER (WHERE status IN ('resolved', 'closed') AND resolved_at IS NOT NULL) AS resolution
FROM tickets WHERE incident_id = $1

-- name: keep_figures
-- Keeps the figures of a period in place of earlier ones.
INSERT INTO figures (period, since, at, values) VALUES ($1, $2, $3, $4)
ON CONFLICT (period) DO UPDATE SET since = excluded.since, at = excluded.at, values = excluded.values

-- name: kept_figures
-- Returns the figures of all periods as they were counted last.
SELECT period, since, at, values FROM figures ORDER BY at - since LIMIT 10
