-- name: record
-- Notes one act.
INSERT INTO audit (person, role, act, subject, before, after, outcome, form_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: recorded
-- Says whether the act of this form is done already.
SELECT EXISTS (SELECT FROM audit WHERE form_id = $1 AND person = $2 AND outcome = 'done')

-- name: latest
-- Lists acts, the latest first, with the number of the ticket or the title of the incident; what is not given filters nothing.
SELECT id, at, person, role, act, subject, before, after, outcome,
    (SELECT number FROM tickets t WHERE t.id = substr(audit.subject, 8) AND starts_with(audit.subject, 'ticket:')) AS ticket,
    (SELECT title FROM incidents i WHERE i.id = substr(audit.subject, 10) AND starts_with(audit.subject, 'incident:')) AS incident
FROM audit
WHERE ($1::bigint IS NULL OR id < $1) AND ($2::text IS NULL OR person = $2) AND ($3::text IS NULL OR act = $3)
    AND ($4::text IS NULL OR subject = $4)
ORDER BY id DESC
LIMIT $5

-- name: of_customer
-- Shows what was done about one customer.
SELECT at, person, role, act, subject, before, after, outcome FROM audit WHERE subject = 'customer:' || $1 ORDER BY id

-- name: erase_customer
-- Keeps that something was done, by whom and when; about whom is a digest then, and what it was is gone.
UPDATE audit SET subject = 'customer:sha256:' || encode(sha256(convert_to($1, 'UTF8')), 'hex'), before = NULL, after = NULL
WHERE subject = 'customer:' || $1
