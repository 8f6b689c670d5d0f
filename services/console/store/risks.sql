-- name: risks_of
-- Reads the risks of customers.
SELECT customer_id, rule, score, contributions, evidence, raised_at, cleared_at, reason, title, action, risk_id, by, shadow,
    action_status, action_answer
FROM risks WHERE customer_id = ANY ($1::text[])

-- name: save_risks
-- Writes risks as they are now. Evidence comes as JSON, for an array of arrays has one length.
INSERT INTO risks (customer_id, rule, score, contributions, evidence, raised_at, cleared_at, reason, title, action, risk_id, by,
    shadow, action_status, action_answer)
SELECT customer_id, rule, score, contributions, ARRAY(SELECT jsonb_array_elements_text(evidence::jsonb)), raised_at, cleared_at, reason,
    title, action, risk_id, by, shadow, action_status, action_answer
FROM unnest($1::text[], $2::text[], $3::float8[], $4::jsonb[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[],
    $10::jsonb[], $11::text[], $12::text[], $13::boolean[], $14::text[], $15::text[])
    AS said (customer_id, rule, score, contributions, evidence, raised_at, cleared_at, reason, title, action, risk_id, by, shadow,
        action_status, action_answer)
ON CONFLICT (customer_id, rule) DO UPDATE SET score = excluded.score, contributions = excluded.contributions,
    evidence = excluded.evidence, raised_at = excluded.raised_at, cleared_at = excluded.cleared_at, reason = excluded.reason,
    title = excluded.title, action = excluded.action, risk_id = excluded.risk_id, by = excluded.by,
    shadow = excluded.shadow, action_status = excluded.action_status, action_answer = excluded.action_answer
