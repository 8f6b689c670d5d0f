-- name: asked
-- Reads how often somebody has asked for the rules to be read anew.
SELECT number FROM rules_asked

-- name: ask
-- Asks every process to read its rules anew.
UPDATE rules_asked SET number = number + 1 RETURNING number
