-- name: counting
-- Reads what is to be counted next: an hour at most, and the last two minutes again, since a transaction may end after its moment.
SELECT since, least(since + interval '1 hour', clock()) AS until, since + interval '1 hour' >= clock() AS is_all
FROM (SELECT greatest(max(minute) - interval '2 minutes', date_trunc('minute', clock() - interval '1 day')) AS since FROM outcomes) AS _

-- name: count_outcomes
-- Counts what was tried, settled and came back in that time, by minute. What came back is no failure of the handing over.
INSERT INTO outcomes AS known (minute, channel, outcome, reason, notifications)
SELECT date_trunc('minute', began_at), channel, outcome, '', count(*)
FROM deliveries CROSS JOIN (VALUES ('sent'), ('unknown')) AS counted (outcome)
WHERE began_at >= $1 AND began_at < $2 AND (outcome = 'sent' OR status = 'unknown')
GROUP BY date_trunc('minute', began_at), channel, outcome
UNION ALL
SELECT date_trunc('minute', settled_at), coalesce(channel, ''), status, coalesce(reason, ''), count(*)
FROM notifications
WHERE settled_at >= $1 AND settled_at < $2 AND has_words
    AND status <> 'waiting' AND NOT (status = 'failed' AND attempts @> '[{"outcome": "delivered"}]')
GROUP BY date_trunc('minute', settled_at), coalesce(channel, ''), status, coalesce(reason, '')
UNION ALL
SELECT date_trunc('minute', received_at), channel, CASE kind WHEN 'complaint' THEN 'complained' ELSE 'bounced' END,
    CASE kind WHEN 'complaint' THEN '' ELSE kind END, count(DISTINCT notification_id)
FROM returned_mails WHERE received_at >= $1 AND received_at < $2
GROUP BY date_trunc('minute', received_at), channel, kind
UNION ALL
SELECT date_trunc('minute', $2), '', 'counted', '', 0
ON CONFLICT (minute, channel, outcome, reason) DO UPDATE SET notifications = greatest(known.notifications, excluded.notifications)

-- name: outcome_figures
-- Counts the outcomes of the last day and of the last hour, by channel and reason.
SELECT channel, outcome, reason, sum(notifications)::bigint AS day,
    coalesce(sum(notifications) FILTER (WHERE minute > clock() - interval '1 hour'), 0)::bigint AS hour
FROM outcomes WHERE minute > clock() - interval '1 day' AND outcome <> 'counted'
GROUP BY channel, outcome, reason

-- name: outcome_hours
-- Counts what each channel sent in each hour of the last day, what of it was taken and refused, and what came back.
SELECT channel, date_trunc('hour', minute) AS at, outcome, sum(notifications)::bigint AS notifications
FROM outcomes WHERE minute > clock() - interval '1 day' AND outcome IN ('sent', 'delivered', 'failed', 'bounced') AND channel <> ''
GROUP BY channel, date_trunc('hour', minute), outcome

-- name: counted_until
-- Reads up to when it was counted; NULL: never.
SELECT max(minute) FROM outcomes

-- name: taken_since
-- Counts what a channel's providers took since a moment.
SELECT coalesce(sum(notifications), 0)::bigint FROM outcomes WHERE minute >= $2 AND channel = $1 AND outcome = 'delivered'

-- name: waiting_by_channel
-- Counts what waits, by the channel that was tried or is waited for, to ten thousand in all.
SELECT coalesce(channel, why ->> 'channel', '') AS channel, count(*) AS notifications
FROM (SELECT channel, why FROM notifications WHERE status = 'waiting' LIMIT 10000) AS counted
GROUP BY coalesce(channel, why ->> 'channel', '')
