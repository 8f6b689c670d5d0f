-- name: add
-- Adds a person; nothing when somebody has the name.
INSERT INTO people (name, role, password, subject, created_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING name

-- name: person
-- Returns one person.
SELECT name, role, password, subject, disabled FROM people WHERE name = $1

-- name: locked
-- Returns one person, locked until the transaction ends.
SELECT name, role, password, subject, disabled FROM people WHERE name = $1 FOR UPDATE

-- name: of_subject
-- Returns whom an identity provider means, locked until the transaction ends.
SELECT name, role, password, subject, disabled FROM people WHERE subject = $1 FOR UPDATE

-- name: change
-- Changes a person; what is not given stays.
UPDATE people SET role = coalesce($2, role), disabled = coalesce($3, disabled), password = coalesce($4, password) WHERE name = $1

-- name: remove
-- Removes a person, with sessions and links.
DELETE FROM people WHERE name = $1

-- name: listed
-- Lists people by name, with their sessions that have not ended.
SELECT name, role, password IS NOT NULL AS has_password, subject IS NOT NULL AS has_provider, disabled, created_at, created_by, seen_at,
    (SELECT count(*) FROM sessions WHERE person = name AND via <> 'header' AND sessions.created_at > clock() - $1::interval AND used_at > clock() - $2::interval)
    AS sessions
FROM people
WHERE $3::text IS NULL OR name > $3
ORDER BY name
LIMIT $4
