-- name: risks_by_score
-- Lists open risks, the highest score first, from a position on.
SELECT r.customer_id, c.name, r.rule, r.title, r.score, r.contributions, r.evidence, r.action, r.risk_id, r.raised_at, r.shadow,
    r.action_status, r.action_answer
FROM risks r LEFT JOIN customers c ON c.id = r.customer_id
WHERE r.cleared_at IS NULL AND (-r.score, r.rule, r.customer_id) > ($1, $2, $3)
ORDER BY -r.score, r.rule, r.customer_id LIMIT $4

-- name: cases
-- Reads the numbers of cases.
SELECT id, number FROM tickets WHERE id = ANY ($1::text[])

-- name: risks_over
-- Lists the risks that were cleared, the latest first.
SELECT r.customer_id, c.name, r.rule, r.title, r.score, r.risk_id, r.raised_at, r.cleared_at, r.reason, r.by, r.shadow, r.action, r.action_status,
    r.action_answer
FROM risks r LEFT JOIN customers c ON c.id = r.customer_id
WHERE r.cleared_at IS NOT NULL ORDER BY r.cleared_at DESC, r.customer_id, r.rule LIMIT $1
