-- name: deliveries
-- Counts what became of notifications in the last day, by outcome, channel and reason: the most frequent first.
-- Of the minute in which the day begins the notifications themselves are counted, of those after it the minutes' counts.
WITH counted AS (
    SELECT d.status, d.channel, d.reason, d.notifications FROM deliveries d WHERE d.minute > date_trunc('minute', clock() - interval '1 day')
    UNION ALL
    SELECT n.status, coalesce(n.channel, ''), coalesce(n.reason, ''), 1 FROM notifications n
    WHERE n.at >= clock() - interval '1 day' AND n.at < date_trunc('minute', clock() - interval '1 day') + interval '1 minute')
SELECT status, nullif(channel, '') AS channel, nullif(reason, '') AS reason, sum(notifications)::bigint AS notifications
FROM counted GROUP BY counted.status, counted.channel, counted.reason ORDER BY notifications DESC, status, channel, reason LIMIT 50

-- name: people
-- Counts the people who may sign in, by role.
SELECT role, count(*) FILTER (WHERE NOT disabled) AS people, count(*) FILTER (WHERE disabled) AS disabled
FROM people GROUP BY role ORDER BY role
