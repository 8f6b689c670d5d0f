-- name: claim
-- Makes a row for each alert that is not known yet, so that a second message about it waits for the first.
INSERT INTO hook_alerts (hook, key, component, name, starts_at, told_at)
SELECT $1, key, '', '', $3, $3 FROM unnest($2::text[]) AS key ORDER BY key ON CONFLICT DO NOTHING

-- name: fired
-- Reads what is known of these alerts, and locks them.
SELECT key, component, name, starts_at, ended_at FROM hook_alerts WHERE hook = $1 AND key = ANY ($2::text[]) ORDER BY key FOR UPDATE

-- name: keep_fired
-- Stores what is known of these alerts now.
UPDATE hook_alerts SET component = said.component, name = said.name, starts_at = said.starts_at, ended_at = said.ended_at, told_at = $7
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) AS said (key, component, name, starts_at, ended_at)
WHERE hook_alerts.hook = $1 AND hook_alerts.key = said.key

-- name: drop_claims
-- Deletes the rows of alerts of which nothing is known after all.
DELETE FROM hook_alerts WHERE hook = $1 AND key = ANY ($2::text[]) AND component = ''
