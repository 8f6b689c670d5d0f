-- name: open_risks
-- Reads the open risks that the owner of these partitions judges.
SELECT id, customer_id, rule, fingerprint, partition, began_at, last_at FROM risks WHERE partition = ANY ($1::int[]) AND cleared_at IS NULL

-- name: latest_risks
-- Reads the latest risk of each of these customers by that rule.
SELECT latest.* FROM unnest($1::text[], $2::text[]) AS asked (customer_id, rule), LATERAL (
    SELECT * FROM risks WHERE risks.customer_id = asked.customer_id AND risks.rule = asked.rule ORDER BY raised_at DESC LIMIT 1) AS latest

-- name: raise_risks
-- Raises risks; returns those that were not known. Nobody is at risk whom the fold has still to forget. Evidence comes as JSON, for an array of arrays has one length.
INSERT INTO risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, action, began_at, last_at,
    shadow, action_status, raised_at)
SELECT id, customer_id, rule, fingerprint, version, partition, title, score, contributions, ARRAY(SELECT jsonb_array_elements_text(evidence::jsonb)),
    action, began_at, last_at, shadow, CASE WHEN action IS NULL THEN NULL WHEN shadow THEN 'withheld' ELSE 'waiting' END, $15
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::float8[], $9::jsonb[], $10::text[],
    $11::jsonb[], $12::timestamptz[], $13::timestamptz[], $14::boolean[])
    AS found (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, action, began_at, last_at, shadow)
WHERE NOT EXISTS (SELECT FROM fold_erasures WHERE fold_erasures.customer_id = found.customer_id)
ON CONFLICT DO NOTHING RETURNING *

-- name: clear_risks
-- Clears risks, each for its reason; returns those that were open.
UPDATE risks SET cleared_at = greatest($3, raised_at), reason = gone.reason FROM unnest($1::text[], $2::text[]) AS gone (id, reason)
WHERE risks.id = gone.id AND cleared_at IS NULL RETURNING risks.*

-- name: clear_risk
-- Clears one risk since a person says so. No row comes back when it is not open.
UPDATE risks SET cleared_at = greatest(clock(), raised_at), reason = 'person', cleared_by = $2, note = $3
WHERE id = $1 AND cleared_at IS NULL RETURNING *

-- name: settle_risk
-- Clears one risk since its webhook says that the trouble is settled. No row comes back when it is not open.
UPDATE risks SET cleared_at = greatest(clock(), raised_at), reason = 'webhook', cleared_by = $2 WHERE id = $1 AND cleared_at IS NULL RETURNING *

-- name: risk_held
-- Reads one risk and locks it until the transaction ends.
SELECT * FROM risks WHERE id = $1 FOR UPDATE

-- name: acted
-- Notes what became of a risk's action, for good.
UPDATE risks SET action_status = $2, action_answer = $3, acted_at = clock() WHERE id = $1 RETURNING *

-- name: begin_calling
-- Notes that a webhook is called once more.
UPDATE risks SET action_tries = action_tries + 1 WHERE id = $1 RETURNING *

-- name: not_taken
-- Notes what the latest call of a webhook came to; another one follows.
UPDATE risks SET action_answer = $2 WHERE id = $1

-- name: risk
-- Reads one risk.
SELECT * FROM risks WHERE id = $1

-- name: list_risks
-- Lists risks, the latest first, after a cursor of (raised_at, id): of one customer, by one rule, open or cleared. Long texts are cut.
SELECT id, customer_id, rule, version, left(title, 1000) AS title, score, contributions, evidence, action, began_at, last_at, raised_at,
    cleared_at, reason, left(cleared_by, 255) AS cleared_by, left(note, 2000) AS note, shadow, action_status, action_tries, action_answer, acted_at
FROM risks
WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR rule = $2)
  AND ($3::boolean IS NULL OR (cleared_at IS NULL) = $3) AND ($4::timestamptz IS NULL OR (raised_at, id) < ($4, $5))
ORDER BY raised_at DESC, id DESC LIMIT $6

-- name: size_of_risks
-- Counts the open risks of each rule: for the metrics.
SELECT rule, count(*) AS risks FROM risks WHERE cleared_at IS NULL GROUP BY rule

-- name: risks_read_to
-- Reads how far monitor reads.
SELECT read_to FROM reading
