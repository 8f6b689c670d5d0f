-- name: hasten
-- Has these decided at once instead of waiting for their next try.
UPDATE due SET ready_at = clock() WHERE kind = ANY ($1) AND ref = ANY ($2) AND lease IS NULL AND ready_at > clock()

-- name: waiting_of_customers
-- Reads what these customers are still to be told.
SELECT id FROM notifications WHERE status = 'waiting' AND customer_id = ANY ($1)

-- name: situations
-- Reads notifications that wait, locked, each with what its customer chose, whether they were erased, and by which ways it was tried.
SELECT n.*, p.incident AS wants_incident, p.guidance AS wants_guidance, clock() AS now,
    EXISTS (SELECT FROM erasures e WHERE e.customer = sha256(convert_to(n.customer_id, 'UTF8'))) AS erased,
    CASE WHEN n.attempts = '[]' AND n.sent_at IS NULL THEN '[]'::jsonb ELSE (
        SELECT coalesce(jsonb_agg(jsonb_build_array(d.channel, d.address, d.status)), '[]') FROM deliveries d
        WHERE d.notification_id = n.id) END AS tried
FROM notifications n LEFT JOIN preferences p ON p.customer_id = n.customer_id
WHERE n.id = ANY ($1) AND n.status = 'waiting'
ORDER BY n.id FOR UPDATE OF n

-- name: told_before
-- Reads for each of these notifications what its customer got, or may have got: in how many messages we spoke first within the cap's time, by what
-- was entered so long before that as anything waits at most, and when last, also of an end; and what belongs to the same thread, by the ids of its messages.
SELECT asked.id, recent, last_told, last_end, earlier
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS asked (id, customer_id, incident_id, ticket_id), LATERAL (
    SELECT count(*) FILTER (WHERE NOT owed AND told_with IS NULL AND sent_at > clock() - $5::interval) AS recent,
        max(sent_at) FILTER (WHERE NOT owed) AS last_told, max(sent_at) FILTER (WHERE kind IN ('resolved', 'withdrawn', 'dismissed')) AS last_end
    FROM notifications, LATERAL (SELECT kind IN ('resolved', 'withdrawn', 'dismissed', 'maintenance_ended', 'maintenance_cancelled') AS owed) AS _
    WHERE customer_id = asked.customer_id AND id <> asked.id AND created_at > clock() - $7::interval - $6::interval
        AND sent_at > clock() - $7::interval AND ticket_id IS NULL) AS lately, LATERAL (
    SELECT coalesce(array_agg(id ORDER BY sent_at, id), '{}') AS earlier FROM (
        SELECT coalesce(told_with, id) AS id, sent_at FROM notifications
        WHERE incident_id = asked.incident_id AND customer_id = asked.customer_id AND asked.id NOT IN (id, coalesce(told_with, id)) AND sent_at IS NOT NULL
        UNION SELECT coalesce(told_with, id), sent_at FROM notifications
        WHERE ticket_id = asked.ticket_id AND customer_id = asked.customer_id AND id <> asked.id AND sent_at IS NOT NULL) AS thread) AS before

-- name: to_join
-- Reads, locked, what customers are to be told that can be told in a message that goes to them now: what was joined to it before, and what waits for
-- a digest, is due, or was claimed to be decided. What somebody else decides about at this moment is left to them.
SELECT n.id, n.customer_id, n.told_with FROM notifications n
WHERE n.customer_id = ANY ($1) AND n.status = 'waiting' AND n.kind = ANY ($2) AND n.ticket_id IS NULL AND n.id <> ALL ($3)
    AND (n.told_with = ANY ($3) OR n.told_with IS NULL AND n.sent_at IS NULL AND EXISTS (
        SELECT FROM due WHERE due.kind = ANY ($4) AND due.ref = n.id
            AND (due.ready_at <= clock() OR due.lease IS NOT NULL OR n.why ->> 'waits_for' = 'digest')))
ORDER BY n.told_with IS NULL, n.about_at, n.id FOR UPDATE OF n SKIP LOCKED

-- name: joined
-- Deletes the due rows of what is told with others: the due row of the message is theirs.
DELETE FROM due WHERE kind = ANY ($1) AND ref = ANY ($2)

-- name: begin_sending
-- Notes that tries begin: from here on the customers may have it. A slot of the cap is taken, and a crash leaves behind that the outcome is unknown.
WITH begun AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::text[])
        AS begun (id, channel, address, why, dated_at, told_with)),
noted AS (
    UPDATE notifications n SET
        sent_at = clock(), channel = begun.channel, why = begun.why, dated_at = begun.dated_at, told_with = begun.told_with, awaits_incident = false
    FROM begun WHERE n.id = begun.id)
INSERT INTO deliveries AS known (notification_id, channel, address) SELECT id, channel, address FROM begun
ON CONFLICT (notification_id, channel, address) DO UPDATE SET status = 'sending', tries = known.tries + 1, began_at = clock(), ended_at = NULL

-- name: end
-- Notes what came of tries.
UPDATE deliveries d SET status = ended.status, ended_at = clock()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS ended (id, channel, address, status)
WHERE d.notification_id = ended.id AND d.channel = ended.channel AND d.address = ended.address AND d.status = 'sending'

-- name: settle
-- Settles notifications: delivered or failed. A ticket's words are not kept beyond it: the ticket has them.
UPDATE notifications n SET
    status = settled.status, reason = settled.reason, sent_at = CASE WHEN settled.told THEN n.sent_at END, settled_at = clock(), has_words = true,
    attempts = n.attempts || jsonb_build_array(settled.attempt), subject = left(n.subject, 0), body = left(n.body, 0)
FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::jsonb[]) AS settled (id, status, reason, told, attempt)
WHERE n.id = settled.id

-- name: suppress
-- Suppresses notifications, with the reason. What may have been sent before stays known as that.
UPDATE notifications n SET
    status = 'suppressed', reason = suppressed.reason, why = suppressed.why, awaits_incident = suppressed.awaits, settled_at = clock(),
    has_words = true,
    subject = left(n.subject, 0), body = left(n.body, 0)
FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bool[]) AS suppressed (id, reason, why, awaits)
WHERE n.id = suppressed.id

-- name: try_again
-- Notes that other tries follow; unless the outcome of this one is unknown, the customer does not have it.
UPDATE notifications n SET
    sent_at = CASE WHEN again.told THEN n.sent_at END, attempts = n.attempts || jsonb_build_array(again.attempt)
FROM unnest($1::text[], $2::bool[], $3::jsonb[]) AS again (id, told, attempt)
WHERE n.id = again.id

-- name: hold
-- Holds notifications, with the reason: they are decided again later.
UPDATE notifications n SET why = held.why, awaits_incident = held.awaits
FROM unnest($1::text[], $2::jsonb[], $3::bool[]) AS held (id, why, awaits)
WHERE n.id = held.id

-- name: put_off
-- Pauses delivery: what is due comes back when it may go on. It goes in pieces; what is claimed meanwhile puts off the next.
WITH ready AS MATERIALIZED (
    SELECT kind, ref FROM due WHERE kind = ANY ($1) AND lease IS NULL AND ready_at <= clock() LIMIT 10000 FOR UPDATE SKIP LOCKED)
UPDATE due SET ready_at = $2, due_at = $2 FROM ready WHERE due.kind = ready.kind AND due.ref = ready.ref
