-- name: suggest
-- Stores incidents that tickets may be about. Reasons come as JSON, for an array of arrays has one length.
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at)
SELECT ticket_id, incident_id, score, ARRAY(SELECT jsonb_array_elements_text(reasons::jsonb)), suggested_at
FROM unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::timestamptz[]) AS said (ticket_id, incident_id, score, reasons, suggested_at)
ON CONFLICT (ticket_id, incident_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons, suggested_at = excluded.suggested_at

-- name: drop_suggestions
-- Deletes suggestions that became links, or that an agent has decided otherwise.
DELETE FROM suggestions USING unnest($1::text[], $2::text[]) AS decided (ticket_id, incident_id)
WHERE (suggestions.ticket_id, suggestions.incident_id) = (decided.ticket_id, decided.incident_id)
