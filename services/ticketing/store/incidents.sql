-- name: incident
-- Reads one incident, and the fact that said so.
SELECT id, component, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops FROM incidents WHERE id = $1

-- name: incident_held
-- Reads the same and locks it, so that no fact changes it until this transaction ends.
SELECT id, component, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops FROM incidents WHERE id = $1
FOR SHARE

-- name: save_incident
-- Writes an incident as the fact with the highest revision says it is.
INSERT INTO incidents (id, rule, component, severity, title, started_at, resolved_at, revision, ended_as, ended_revision, tell, said_by, hops)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, title = excluded.title, resolved_at = excluded.resolved_at,
    revision = excluded.revision, ended_as = excluded.ended_as, ended_revision = excluded.ended_revision, tell = excluded.tell,
    said_by = excluded.said_by, hops = excluded.hops
