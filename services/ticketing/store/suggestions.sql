-- name: suggestion
-- Why an incident was suggested to a ticket.
SELECT reasons FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: save_suggestion
-- An incident that a ticket may be about; once only.
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: drop_suggestion
-- What an agent has decided is no suggestion any more.
DELETE FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: drop_suggestions
-- Some of the suggestions of an incident that no ticket is about.
DELETE FROM suggestions WHERE (ticket_id, incident_id) IN (
    SELECT ticket_id, incident_id FROM suggestions WHERE incident_id = $1 LIMIT $2)
