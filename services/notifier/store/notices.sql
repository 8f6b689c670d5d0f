-- name: write_notices
-- Enters what is to be told to operators, due now; what was said before stays as it is.
WITH said AS (
    INSERT INTO notices (id, about, subject, body, at)
    SELECT id, about, subject, body, at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS new (id, about, subject, body, at)
    ON CONFLICT (id) DO NOTHING
    RETURNING id)
INSERT INTO due (kind, ref, due_at, ready_at) SELECT $6, id, clock(), clock() FROM said

-- name: notices
-- Reads notices, oldest first.
SELECT id, about, subject, body, at FROM notices WHERE id = ANY ($1::text[]) ORDER BY at, id

-- name: take_others
-- Takes, under the same lease, what else is due for an operator, or will be in a moment: all of it goes in one message.
WITH ready AS MATERIALIZED (
    SELECT ref FROM due
    WHERE kind = $1 AND ready_at <= clock() + $6::interval AND (lease IS NULL OR ready_at <= clock()) AND starts_with(ref, $2)
    ORDER BY ready_at LIMIT $5 FOR UPDATE SKIP LOCKED)
UPDATE due SET lease = $3, ready_at = clock() + $4::interval, attempts = attempts + 1
FROM ready WHERE due.kind = $1 AND due.ref = ready.ref
RETURNING due.ref, due.due_at, due.attempts, clock() AS now
