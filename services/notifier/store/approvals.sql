-- name: approvals
-- Lists approvals, the latest first, from a position on.
SELECT a.*, CASE WHEN a.status = 'waiting' AND a.expires_at <= clock() THEN 'expired' ELSE a.status END AS standing,
    left(g.rule, 255) AS rule, g.advice, left(coalesce(i.title, m.title), 500) AS title, g.audience, g.total, g.round AS current_round
FROM approvals a JOIN gates g ON g.id = a.gate LEFT JOIN incidents i ON i.id = a.gate LEFT JOIN maintenance m ON m.id = a.gate
WHERE ($1::text IS NULL OR CASE WHEN a.status = 'waiting' AND a.expires_at <= clock() THEN 'expired' ELSE a.status END = $1)
    AND ($2::timestamptz IS NULL OR (a.asked_at, a.id) < ($2, $3))
ORDER BY a.asked_at DESC, a.id DESC LIMIT $4

-- name: approval
-- Reads one approval with its gate.
SELECT a.*, CASE WHEN a.status = 'waiting' AND a.expires_at <= clock() THEN 'expired' ELSE a.status END AS standing,
    left(g.rule, 255) AS rule, g.advice, left(coalesce(i.title, m.title), 500) AS title, g.audience, g.total, g.version, g.subject, g.body, g.round AS current_round
FROM approvals a JOIN gates g ON g.id = a.gate LEFT JOIN incidents i ON i.id = a.gate LEFT JOIN maintenance m ON m.id = a.gate
WHERE a.id = $1

-- name: waits
-- Counts who waits for an approval, and how old what is known of them is. Who was taken out waits no more, also before that is settled.
SELECT count(*) AS waiting, min(about_at) AS oldest, max(about_at) AS newest FROM notifications
WHERE gate = $1 AND status = 'waiting' AND round = $2 AND why ? 'approval' AND (evidence ? 'removed') IS NOT TRUE

-- name: channels
-- Counts them by the channel that would bring it, as it was when they were decided about, the most first.
SELECT why ->> 'channel' AS channel, count(*) AS customers FROM notifications
WHERE gate = $1 AND status = 'waiting' AND round = $2 AND why ? 'approval' AND why ? 'channel' AND (evidence ? 'removed') IS NOT TRUE
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50

-- name: left_out
-- Counts who of a round is not told, by reason, and who is told already.
SELECT coalesce(reason, status) AS reason, count(*) AS customers FROM notifications
WHERE gate = $1 AND status IN ('suppressed', 'delivered', 'failed') AND round IN (0, $2) GROUP BY 1 ORDER BY 1 LIMIT 50

-- name: candidates
-- Finds among the first who wait for an approval those to show: by how little is known of them, the least first.
SELECT n.id FROM (
    SELECT * FROM notifications WHERE gate = $1 AND status = 'waiting' AND round = $2 AND why ? 'approval' AND (evidence ? 'removed') IS NOT TRUE
    ORDER BY gate, status, id LIMIT $3) AS n
LEFT JOIN customers c ON c.id = n.customer_id
ORDER BY (c.id IS NOT NULL)::int + coalesce((btrim(c.name) <> '')::int + (c.timezone <> 'UTC')::int + (c.contacts <> '[]')::int, 0), n.id

-- name: samples
-- Reads notifications with what is known of the incident; without the locks of a decision.
SELECT n.*, i.id IS NOT NULL AS incident_known, i.rule, i.title, i.component, i.severity, i.started_at, i.symptom, i.revision,
    i.status AS incident_status, i.resolved_at, i.tell, i.resolved_by, i.hops, i.failing_at, i.silent_since, i.behind_seconds, i.rule_version,
    i.public, i.news, i.news_at, i.news_by, i.news_of
FROM notifications n LEFT JOIN incidents i ON i.id = n.incident_id
WHERE n.id = ANY ($1::text[]) ORDER BY array_position($1::text[], n.id)

-- name: recipients
-- Lists who waits for an approval, from a place on.
SELECT n.id, left(n.customer_id, 255) AS customer_id, left(c.name, 255) AS name, n.about_at, n.evidence ->> 'certainty' AS certainty
FROM notifications n LEFT JOIN customers c ON c.id = n.customer_id
WHERE n.gate = $1 AND n.status = 'waiting' AND n.round = $2 AND n.why ? 'approval' AND (n.evidence ? 'removed') IS NOT TRUE AND n.id > coalesce($3, '')
ORDER BY n.gate, n.status, n.id LIMIT $4

-- name: agree_first
-- Notes the first of two people who must agree.
UPDATE approvals SET first_by = $2, first_saw = $3 WHERE id = $1

-- name: decide
-- Notes what a person decided.
UPDATE approvals SET status = $2, decided_by = $3, decided_at = clock(), reason = $4, words = $5 WHERE id = $1

-- name: pass_round
-- Closes the current round of a gate, since it is approved: who comes now is in the next one.
UPDATE gates SET round = round + CASE WHEN round = $2 THEN 1 ELSE 0 END, audience = CASE WHEN round = $2 THEN 0 ELSE audience END,
    approved = total, version = version + 1
WHERE id = $1

-- name: single_out
-- Has the first of those who wait told without the others, and returns them.
UPDATE notifications SET round = 0 FROM (
    SELECT id FROM notifications WHERE gate = $1 AND status = 'waiting' AND round = $2 AND why ? 'approval' AND (evidence ? 'removed') IS NOT TRUE
    ORDER BY gate, status, id LIMIT $3 FOR UPDATE) AS first
WHERE notifications.id = first.id RETURNING notifications.id

-- name: reword
-- Gives a gate words of its own; null: those of notifications.yml again.
UPDATE gates SET subject = $2, body = $3 WHERE id = $1

-- name: whom_of_gate
-- Finds those of these customers who wait at a gate.
SELECT n.id, n.customer_id FROM notifications n
WHERE n.gate = $1 AND n.customer_id = ANY ($2::text[]) AND n.status = 'waiting'
