-- name: open_incidents
-- Lists open incidents, newest first.
SELECT id, title, component, severity, started_at, silent_since, affected, told, wrote
FROM incidents WHERE status = 'open'
ORDER BY opened_at DESC, id DESC
LIMIT $1
