-- name: suggestion
-- Reads why an incident was suggested to a ticket.
SELECT reasons FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: save_suggestion
-- Adds an incident that a ticket may be about, once.
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: drop_suggestion
-- Deletes a suggestion that an agent or a link has decided.
DELETE FROM suggestions WHERE ticket_id = $1 AND incident_id = $2

-- name: drop_suggestions
-- Deletes some of the suggestions of an incident that no ticket is about.
DELETE FROM suggestions WHERE (ticket_id, incident_id) IN (
    SELECT ticket_id, incident_id FROM suggestions WHERE incident_id = $1 LIMIT $2)
