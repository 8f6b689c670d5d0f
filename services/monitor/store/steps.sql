-- name: add_step
-- Adds the step that made this revision of an incident.
INSERT INTO incident_steps (incident_id, revision, at, kind, person, said, why) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- name: forget_steps
-- Deletes, of the steps of these kinds, all but the latest so many of an incident.
DELETE FROM incident_steps WHERE incident_id = $1 AND kind = ANY ($2::text[]) AND revision <= (
    SELECT revision FROM incident_steps WHERE incident_id = $1 AND kind = ANY ($2::text[]) ORDER BY revision DESC OFFSET $3 LIMIT 1)

-- name: steps_by_people
-- Counts the steps that people took with an incident.
SELECT count(*) FROM incident_steps WHERE incident_id = $1 AND person IS NOT NULL

-- name: list_steps
-- Lists the story of an incident in its order, after a revision; long texts are cut.
SELECT revision, at, kind, left(person, 255) AS person, said, why FROM incident_steps
WHERE incident_id = $1 AND revision > $2::bigint ORDER BY revision LIMIT $3

-- name: steps_about
-- Reads the steps in which a person said something about one customer and an incident.
SELECT s.incident_id, s.at, s.kind, s.person, s.said FROM impact i JOIN incident_steps s ON s.incident_id = i.incident_id AND s.revision = ANY (i.steps)
WHERE i.customer_id = $1 ORDER BY s.incident_id, s.revision

-- name: erase_words_about
-- Blanks the words of the steps in which a person said something about one customer; who took them, when and how many they named stays.
UPDATE incident_steps s SET said = s.said || '{"note": ""}' FROM impact i
WHERE i.customer_id = $1 AND s.incident_id = i.incident_id AND s.revision = ANY (i.steps) AND s.said ->> 'note' <> ''
