-- name: plan_maintenance
-- Stores a maintenance that is announced.
INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, repeat, zone, status, starts_at, ends_at,
    by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'planned', $10, $11, $12, $13)

-- name: lock_maintenance
-- Reads and locks one maintenance: nobody else changes it before this transaction ends.
SELECT * FROM maintenance WHERE id = $1 FOR NO KEY UPDATE

-- name: change_maintenance
-- Stores what a person changed of a maintenance.
UPDATE maintenance SET title = $2, text = $3, components = $4, audience = $5, first_starts_at = $6, first_ends_at = $7, repeat = $8, zone = $9
WHERE id = $1

-- name: move_maintenance
-- Stores how a maintenance stands after one more fact about it, and who called it off.
UPDATE maintenance SET revision = $2, status = $3, starts_at = $4, ends_at = $5, cancelled_at = $6, cancelled_by = $7
WHERE id = $1

-- name: keep_period
-- Stores a period of maintenance: one that is known ends at another moment now.
INSERT INTO maintenance_periods (maintenance_id, starts_at, ends_at, components) VALUES ($1, $2, $3, $4)
ON CONFLICT (maintenance_id, starts_at) DO UPDATE SET ends_at = excluded.ends_at, components = excluded.components

-- name: drop_period
-- Deletes a period that has not begun and does not come.
DELETE FROM maintenance_periods WHERE maintenance_id = $1 AND starts_at = $2

-- name: overdue_maintenance
-- Reads which maintenance has begun or ended, and nobody has said so yet.
SELECT id FROM maintenance
WHERE status IN ('planned', 'running') AND CASE status WHEN 'planned' THEN starts_at ELSE ends_at END <= clock() ORDER BY id

-- name: list_maintenance
-- Lists maintenance, the latest planned first, after a cursor of (created_at, id), with how much trouble it muted; long texts are cut.
SELECT id, left(title, 200) AS title, left(text, 2000) AS text, components, audience, first_starts_at, first_ends_at, repeat, zone, status,
    starts_at, ends_at, revision, left(by, 255) AS by, created_at, cancelled_at, left(cancelled_by, 255) AS cancelled_by,
    (SELECT count(*) FROM muted WHERE by_id = maintenance.id) AS muted
FROM maintenance
WHERE ($1::text IS NULL OR status = $1) AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
ORDER BY created_at DESC, id DESC LIMIT $4

-- name: maintenance
-- Reads one maintenance, to show, with how much trouble it muted; long texts are cut.
SELECT id, left(title, 200) AS title, left(text, 2000) AS text, components, audience, first_starts_at, first_ends_at, repeat, zone, status,
    starts_at, ends_at, revision, left(by, 255) AS by, created_at, cancelled_at, left(cancelled_by, 255) AS cancelled_by,
    (SELECT count(*) FROM muted WHERE by_id = maintenance.id) AS muted
FROM maintenance WHERE id = $1
