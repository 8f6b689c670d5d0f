-- name: deliveries
-- Counts what became of notifications in the last day, by outcome, channel and reason: the most frequent first.
SELECT status, channel, reason, count(*) AS notifications FROM notifications
WHERE at >= clock() - interval '1 day'
GROUP BY status, channel, reason ORDER BY notifications DESC, status, channel, reason LIMIT 50

-- name: people
-- Counts the people who may sign in, by role.
SELECT role, count(*) FILTER (WHERE NOT disabled) AS people, count(*) FILTER (WHERE disabled) AS disabled
FROM people GROUP BY role ORDER BY role
