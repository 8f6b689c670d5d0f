-- name: open_incidents
-- Opens so many incidents of the benchmark's rule: $2 of components that it is about ($3 there are), the others of further ones.
INSERT INTO monitor.incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
SELECT 'bench-' || number, 'requests-failing', 'part-' || CASE WHEN number < $2 THEN number ELSE $3 + number END, 'high',
    'part-' || number || ' is failing', 'open', now() - interval '10 minutes', now(), '{}'
FROM generate_series(0, $1::int - 1) AS number

-- name: count_open
-- Counts the incidents that are open.
SELECT count(*) FROM monitor.incidents WHERE status = 'open'
