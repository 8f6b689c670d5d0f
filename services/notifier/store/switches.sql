-- name: switches
-- Lists the switches that were thrown last.
SELECT scope, name, mode, reason, by, why, at FROM switches ORDER BY at DESC, scope, name, mode LIMIT 100

-- name: thrown
-- Reads, locked, those that count for rules: whoever releases one waits until what was decided by it is written down.
SELECT scope, name, mode, reason, by FROM switches WHERE scope <> 'rule' OR name = ANY ($1::text[]) ORDER BY mode, scope, name FOR SHARE

-- name: throw
-- Throws a switch, unless it is thrown.
INSERT INTO switches (scope, name, mode, reason, by, why) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING at

-- name: release
-- Releases a switch; says whether it was thrown.
DELETE FROM switches WHERE scope = $1 AND name = $2 AND mode = $3 RETURNING at

-- name: steps
-- Reads the steps of autonomy that rules have earned or lost, and how many customers the directory has, as the database estimates it.
SELECT coalesce((SELECT jsonb_object_agg(rule, step) FROM autonomy WHERE rule = ANY ($1::text[])), '{}') AS steps,
    (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'customers'::regclass) AS directory

-- name: set_step
-- Sets the step of a rule.
INSERT INTO autonomy AS known (rule, step, reason, by) VALUES ($1, $2, $3, $4)
ON CONFLICT (rule) DO UPDATE SET step = excluded.step, reason = excluded.reason, by = excluded.by, at = clock()

-- name: step_of
-- Reads the step of one rule, locked.
SELECT step FROM autonomy WHERE rule = $1 FOR UPDATE

-- name: log
-- Notes who did what, and why.
INSERT INTO consent_log (by, act, subject, reason, figures) VALUES ($1, $2, $3, $4, $5)

-- name: logged
-- Lists what was done about one subject, or about all, latest first, from a position on.
SELECT id, at, by, act, subject, reason, figures FROM consent_log
WHERE ($1::text IS NULL OR subject = $1) AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3

-- name: repeats
-- Finds a customer whom a rule has told of its incidents in so many messages since a moment, the last release of its brake at the earliest.
SELECT told.rule, told.times FROM unnest($1::text[]) AS asked (customer_id) CROSS JOIN LATERAL (
    SELECT i.rule, count(*) AS times FROM notifications n CROSS JOIN LATERAL (SELECT rule FROM incidents WHERE id = n.incident_id LIMIT 1) AS i
    WHERE n.customer_id = asked.customer_id AND n.sent_at > clock() - $3::interval AND n.created_at > clock() - $3::interval - interval '7 days'
        AND n.kind = 'opened' AND n.ticket_id IS NULL AND n.told_with IS NULL AND i.rule = ANY ($2::text[])
        AND n.sent_at > coalesce((SELECT max(at) FROM consent_log WHERE subject = 'rule ' || i.rule AND act = 'released brake'), '-infinity')
    GROUP BY i.rule HAVING count(*) >= $4) AS told

-- name: figures
-- Counts the switches that are thrown, by scope and mode, and the approvals that wait.
SELECT scope, mode, count(*) AS thrown FROM switches GROUP BY scope, mode
UNION ALL SELECT 'approvals', 'waiting', count(*) FROM (SELECT FROM approvals WHERE status = 'waiting' AND expires_at > clock() LIMIT 1000) AS waiting
