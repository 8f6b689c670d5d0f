-- name: hasten
-- Has these decided at once instead of waiting for their next try.
UPDATE due SET ready_at = clock() WHERE kind = ANY ($1) AND ref = ANY ($2) AND lease IS NULL AND ready_at > clock()

-- name: waiting_of_customers
-- Reads what these customers are still to be told.
SELECT id FROM notifications WHERE status = 'waiting' AND customer_id = ANY ($1)

-- name: notification_situation
-- Reads one notification, locked, with the incident it is about, what its customer chose, and whether they were erased.
SELECT n.*, i.id IS NOT NULL AS incident_known, i.rule, i.title, i.component, i.severity, i.started_at, i.symptom, i.revision,
    i.status AS incident_status, i.resolved_at, i.tell, i.resolved_by, i.hops, i.failing_at, i.silent_since, i.behind_seconds,
    p.incident AS wants_incident, p.guidance AS wants_guidance, clock() AS now,
    EXISTS (SELECT FROM erasures e WHERE e.customer = sha256(convert_to(n.customer_id, 'UTF8'))) AS erased
FROM notifications n LEFT JOIN incidents i ON i.id = n.incident_id LEFT JOIN preferences p ON p.customer_id = n.customer_id
WHERE n.id = $1
FOR UPDATE OF n

-- name: told_before
-- Reads what this customer got, or may have got: how often we spoke first within the cap's time, and what belongs to the same thread.
SELECT
    count(*) FILTER (WHERE ticket_id IS NULL AND kind NOT IN ('resolved', 'withdrawn', 'dismissed') AND sent_at > clock() - $5::interval) AS recent,
    coalesce(array_agg(id ORDER BY sent_at, id) FILTER (WHERE incident_id = $3 OR ticket_id = $4), '{}') AS earlier
FROM notifications
WHERE customer_id = $1 AND id <> $2 AND sent_at IS NOT NULL
    AND (sent_at > clock() - $5::interval OR incident_id = $3 OR ticket_id = $4)

-- name: begin_sending
-- Notes that a try begins: from here on the customer may have it. A slot of the cap is taken, and a crash leaves behind that the outcome is unknown.
UPDATE notifications SET sent_at = clock(), channel = $2, why = $3, dated_at = $4, awaits_incident = false WHERE id = $1

-- name: settle
-- Settles a notification: delivered or failed. A ticket's words are not kept beyond it: the ticket has them.
UPDATE notifications SET
    status = $2, reason = $3, sent_at = CASE WHEN $4 THEN sent_at END, settled_at = clock(), attempts = attempts || $5::jsonb,
    subject = left(subject, 0), body = left(body, 0)
WHERE id = $1

-- name: suppress
-- Suppresses a notification, with the reason. What may have been sent before stays known as that.
UPDATE notifications SET
    status = 'suppressed', reason = $2, why = $3, awaits_incident = $4, settled_at = clock(),
    subject = left(subject, 0), body = left(body, 0)
WHERE id = $1

-- name: try_again
-- Notes that another try follows; unless the outcome of this one is unknown, the customer does not have it.
UPDATE notifications SET sent_at = CASE WHEN $2 THEN sent_at END, attempts = attempts || $3::jsonb WHERE id = $1

-- name: hold
-- Holds a notification, with the reason: it is decided again later.
UPDATE notifications SET why = $2, awaits_incident = $3 WHERE id = $1

-- name: put_off
-- Pauses delivery: what is due comes back when it may go on. It goes in pieces; what is claimed meanwhile puts off the next.
WITH ready AS MATERIALIZED (
    SELECT kind, ref FROM due WHERE kind = ANY ($1) AND lease IS NULL AND ready_at <= clock() LIMIT 10000 FOR UPDATE SKIP LOCKED)
UPDATE due SET ready_at = $2, due_at = $2 FROM ready WHERE due.kind = ready.kind AND due.ref = ready.ref
