-- name: claim
-- Claims a form that is new, or whose act is not done and under way no more, for the same person and act.
INSERT INTO acts (form_id, person, act, asked, role, subject, before, leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, clock() + interval '10 seconds')
ON CONFLICT (form_id) DO UPDATE SET leased_until = excluded.leased_until, asked = excluded.asked, role = excluded.role, subject = excluded.subject,
    before = excluded.before, under_way = true
WHERE acts.done_at IS NULL AND acts.leased_until <= clock() AND acts.person = excluded.person AND acts.act = excluded.act
RETURNING true

-- name: claimed
-- Reads who has claimed a form, and for what.
SELECT person, act, asked, done_at FROM acts WHERE form_id = $1

-- name: finish
-- Marks a form's act as done, once.
UPDATE acts SET done_at = clock(), under_way = false WHERE form_id = $1 AND done_at IS NULL RETURNING true

-- name: release
-- Lets the same form be sent again at once.
UPDATE acts SET leased_until = clock(), under_way = false WHERE form_id = $1 AND done_at IS NULL

-- name: forget
-- Lets a form go whose act was refused.
DELETE FROM acts WHERE form_id = $1 AND done_at IS NULL

-- name: sweep
-- Writes into the audit log that nobody knows how an act ended whose lease is over: the process that asked for it has died.
WITH given_up AS (
    UPDATE acts SET under_way = false WHERE under_way AND leased_until <= clock() RETURNING form_id, person, act, role, subject, before),
audited AS (
    INSERT INTO audit (person, role, act, subject, before, outcome, form_id)
    SELECT person, role, act, subject, before, $1, form_id FROM given_up)
SELECT subject FROM given_up

-- name: forms_about
-- Shows which forms were pressed about one customer.
SELECT begun_at, person, role, act, before, done_at FROM acts WHERE subject = 'customer:' || $1 ORDER BY begun_at, form_id

-- name: erase_forms
-- Keeps that a form was pressed, so that it acts once; about whom is a digest then.
UPDATE acts SET subject = 'customer:sha256:' || encode(sha256(convert_to($1, 'UTF8')), 'hex'), before = NULL
WHERE subject = 'customer:' || $1
