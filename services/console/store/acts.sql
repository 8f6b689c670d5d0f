-- name: claim
-- Claims a form that is new, or whose act is not done and under way no more, for the same person and act.
INSERT INTO acts (form_id, person, act, asked, leased_until) VALUES ($1, $2, $3, $4, clock() + interval '10 seconds')
ON CONFLICT (form_id) DO UPDATE SET leased_until = excluded.leased_until, asked = excluded.asked
WHERE acts.done_at IS NULL AND acts.leased_until <= clock() AND acts.person = excluded.person AND acts.act = excluded.act
RETURNING true

-- name: claimed
-- Reads who has claimed a form, and for what.
SELECT person, act, asked, done_at FROM acts WHERE form_id = $1

-- name: finish
-- Marks a form's act as done, once.
UPDATE acts SET done_at = clock() WHERE form_id = $1 AND done_at IS NULL RETURNING true

-- name: release
-- Lets the same form be sent again at once.
UPDATE acts SET leased_until = clock() WHERE form_id = $1 AND done_at IS NULL

-- name: forget
-- Lets a form go whose act was refused.
DELETE FROM acts WHERE form_id = $1 AND done_at IS NULL
