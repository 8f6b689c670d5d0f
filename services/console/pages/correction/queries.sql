-- name: corrected_incident
-- Reads the incident that a correction is about.
SELECT id, title FROM incidents WHERE id = $1
