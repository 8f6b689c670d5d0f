-- name: list_incidents
-- Lists incidents, newest first, from a position on.
SELECT id, title, component, rule, severity, symptom, status, started_at, opened_at, ended_at, silent_since, behind_seconds,
    affected, told, wrote, acknowledged_by, merged_into
FROM incidents WHERE (opened_at, id) < ($1, $2)
ORDER BY opened_at DESC, id DESC
LIMIT $3

-- name: list_open_incidents
-- Lists open incidents, newest first, from a position on.
SELECT id, title, component, rule, severity, symptom, status, started_at, opened_at, ended_at, silent_since, behind_seconds,
    affected, told, wrote, acknowledged_by, merged_into
FROM incidents WHERE status = 'open' AND (opened_at, id) < ($1, $2)
ORDER BY opened_at DESC, id DESC
LIMIT $3

-- name: list_ended_incidents
-- Lists incidents that are over, newest first, from a position on.
SELECT id, title, component, rule, severity, symptom, status, started_at, opened_at, ended_at, silent_since, behind_seconds,
    affected, told, wrote, acknowledged_by, merged_into
FROM incidents WHERE status <> 'open' AND (opened_at, id) < ($1, $2)
ORDER BY opened_at DESC, id DESC
LIMIT $3

-- name: list_incidents_of_component
-- Lists the incidents of one component, newest first, from a position on.
SELECT id, title, component, rule, severity, symptom, status, started_at, opened_at, ended_at, silent_since, behind_seconds,
    affected, told, wrote, acknowledged_by, merged_into
FROM incidents WHERE component = $4 AND (opened_at, id) < ($1, $2)
ORDER BY opened_at DESC, id DESC
LIMIT $3
