-- name: rules
-- Lists the rules that have had an audience or a step of their own, from one on, by stepping through the index.
WITH RECURSIVE known AS (
    (SELECT rule FROM gates WHERE rule > $1 ORDER BY rule LIMIT 1)
    UNION ALL SELECT (SELECT gates.rule FROM gates WHERE gates.rule > known.rule ORDER BY gates.rule LIMIT 1) FROM known WHERE known.rule IS NOT NULL),
names AS (SELECT rule FROM (SELECT rule FROM known WHERE rule IS NOT NULL LIMIT $2) AS _
    UNION SELECT rule FROM autonomy WHERE rule > $1 ORDER BY rule LIMIT $2)
SELECT left(names.rule, 255) AS rule, a.step, left(a.reason, 500) AS reason, a.by, a.at AS changed_at, record.*
FROM names LEFT JOIN autonomy a ON a.rule = names.rule CROSS JOIN LATERAL (
    SELECT count(*) AS audiences, coalesce(sum(total), 0) AS customers, coalesce(sum(told), 0) AS told, coalesce(sum(wrote_in), 0) AS wrote_in,
        count(*) FILTER (WHERE dismissed) AS false_alarms, coalesce(sum(complaints), 0) AS complaints, coalesce(sum(opt_outs), 0) AS opt_outs,
        coalesce(sum(helped), 0) AS helped, coalesce(sum(not_helped), 0) AS not_helped,
        (percentile_disc(0.5) WITHIN GROUP (ORDER BY total)) AS normal, max(opened_at) AS latest_at
    FROM (SELECT * FROM gates g WHERE g.rule = names.rule ORDER BY opened_at DESC LIMIT 100) AS latest) AS record
ORDER BY names.rule LIMIT $2
