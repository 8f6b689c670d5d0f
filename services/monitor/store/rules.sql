-- name: asked
-- Reads how often somebody has asked for the rules to be read anew.
SELECT number FROM rules_asked

-- name: ask
-- Asks every process to read its rules anew.
UPDATE rules_asked SET number = number + 1 RETURNING number

-- name: latest_published
-- Reads what is in force beside the file: the latest publication, or the latest return to rules.yml.
SELECT number, text, note, file_version, by, at FROM published_rules ORDER BY number DESC LIMIT 1

-- name: published
-- Reads one publication.
SELECT number, text, note, file_version, by, at FROM published_rules WHERE number = $1

-- name: list_published
-- Lists the publications and returns to the file, the latest first, without their texts.
SELECT number, text IS NULL AS to_file, note, by, at FROM published_rules ORDER BY number DESC

-- name: publish
-- Puts other rules in force.
INSERT INTO published_rules (text, note, file_version, by) VALUES ($1, $2, $3, $4) RETURNING number

-- name: forget_published
-- Deletes the oldest publications, so that some hundred are left. The latest, which is in force, stays.
DELETE FROM published_rules WHERE number <= $1 - 100
