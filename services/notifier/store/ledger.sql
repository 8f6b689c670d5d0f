-- name: write_down
-- Enters what customers must know, once. What was suppressed as stale waits again when it has become true anew since. Returns those that are
-- alike as one row: an incident has thousands, and one for each would take a tenth more time.
WITH entered AS (INSERT INTO notifications AS known
    (id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, about_at, first_seen_at, evidence, cause_id, cause_hops,
     gate, round, period)
SELECT new.id, customer_id, kind, incident_id, ticket_id, ticket_number, new.subject, new.body, least(about_at, clock()), first_seen_at, evidence,
    cause_id, hops, new.gate, coalesce(gates.round, 1), period
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::timestamptz[],
            $10::timestamptz[], $11::jsonb[], $12::text[], $13::int[], $14::text[], $15::text[])
    AS new (id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, about_at, first_seen_at, evidence, cause_id, hops, gate, period)
    LEFT JOIN gates ON gates.id = new.gate
ORDER BY new.id
ON CONFLICT (id) DO UPDATE SET
    status = 'waiting', reason = NULL, settled_at = NULL, about_at = excluded.about_at, evidence = excluded.evidence,
    cause_id = excluded.cause_id, cause_hops = excluded.cause_hops, created_at = excluded.created_at,
    ticket_id = excluded.ticket_id, ticket_number = excluded.ticket_number, subject = excluded.subject, body = excluded.body,
    awaits_incident = false, has_words = true, told_with = NULL
WHERE known.status = 'suppressed' AND known.reason = 'stale' AND known.about_at < excluded.about_at
RETURNING id, kind, ticket_id IS NULL AS proactive, incident_id, xmax = 0 AS new, gate, round,
    CASE WHEN kind = 'guidance' THEN evidence ->> 'rule' WHEN period IS NOT NULL THEN 'maintenance' END AS rule)
SELECT array_agg(entered.id) AS ids, kind, proactive, i.severity, clock() AS now, new, gate, round, entered.rule
FROM entered LEFT JOIN incidents i ON i.id = entered.incident_id
GROUP BY kind, proactive, i.severity, new, gate, round, entered.rule

-- name: next_of_incident
-- Reads what the next customers were told, or are to be told, of an incident, customer by customer; without the words of tickets, and the erased.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident, why, period
FROM notifications
WHERE incident_id = $1 AND customer_id > $2 AND reason IS DISTINCT FROM 'erased' ORDER BY incident_id, customer_id LIMIT $3

-- name: next_awaiting
-- Reads the same of what depends on what monitor says about the incident.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident, why, period
FROM notifications
WHERE incident_id = $1 AND awaits_incident AND customer_id > $2 ORDER BY incident_id, customer_id LIMIT $3

-- name: unsent
-- Reads which of these wait and have not been sent, locked: nobody begins to send them meanwhile.
SELECT id FROM notifications WHERE id = ANY ($1::text[]) AND status = 'waiting' AND sent_at IS NULL ORDER BY id FOR UPDATE

-- name: of_incident_and_customers
-- Reads what customers were told, or are to be told, of an incident, customer by customer.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident, why, period
FROM notifications
WHERE incident_id = $1 AND customer_id = ANY ($2) ORDER BY customer_id

-- name: await_no_more
-- Settles for good, since the incident is over: what was not told of it because it had not been true lately stays untold, whatever comes.
UPDATE notifications SET awaits_incident = false WHERE id = ANY ($1) AND status = 'suppressed'

-- name: true_anew
-- Has what was suppressed because the incident had not been failing lately wait again, due now, since it fails now. Who is held out of it waits
-- again once it is critical.
UPDATE notifications SET status = 'waiting', reason = NULL, settled_at = NULL, created_at = clock(), awaits_incident = false, told_with = NULL
WHERE id = ANY ($1) AND awaits_incident AND status = 'suppressed' AND (
    reason <> 'held_out' OR EXISTS (SELECT FROM incidents i WHERE i.id = notifications.incident_id AND i.severity = 'critical'))
RETURNING ARRAY[id] AS ids, kind, ticket_id IS NULL AS proactive, (SELECT severity FROM incidents i WHERE i.id = notifications.incident_id) AS severity,
    clock() AS now

-- name: wait_again
-- Enters anew what customers could not be told who can be reached now: due, and as true as the incident is by now. Every way may be tried again.
WITH anew AS (
    UPDATE notifications n SET
        status = 'waiting', reason = NULL, settled_at = NULL, created_at = clock(), about_at = greatest(n.about_at, i.failing_at), told_with = NULL
    FROM incidents i
    WHERE i.id = n.incident_id AND i.status = 'open'
        AND n.customer_id = ANY ($1) AND n.kind = 'opened' AND n.ticket_id IS NULL AND n.sent_at IS NULL
        AND n.status IN ('suppressed', 'failed') AND n.reason IN ('no_contact', 'address', 'refused', 'unsupported')
    RETURNING n.id, n.kind, n.ticket_id IS NULL AS proactive, i.severity, clock() AS now),
ways AS (UPDATE deliveries d SET status = 'waiting' FROM anew WHERE d.notification_id = anew.id AND d.status = 'failed')
SELECT ARRAY[id] AS ids, kind, proactive, severity, now FROM anew

-- name: try_elsewhere
-- Enters anew what came back: what failed stays failed, and the other ways are tried.
UPDATE notifications n SET status = 'waiting', reason = NULL, settled_at = NULL, created_at = clock(), awaits_incident = false, told_with = NULL
WHERE id = $1 AND status = 'failed' AND body IS NULL AND reason IS DISTINCT FROM 'erased'
RETURNING ARRAY[id] AS ids, kind, ticket_id IS NULL AS proactive, (SELECT severity FROM incidents i WHERE i.id = n.incident_id) AS severity, clock() AS now

-- name: apart
-- Has what waits with a message that does not go out, or does not tell it after all, have one of its own; due at its moment, now where none is given.
UPDATE notifications n SET told_with = NULL FROM unnest($1::text[], $2::timestamptz[]) AS parted (id, at)
WHERE n.id = parted.id AND n.status = 'waiting'
RETURNING ARRAY[n.id] AS ids, kind, ticket_id IS NULL AS proactive, (SELECT severity FROM incidents i WHERE i.id = n.incident_id) AS severity,
    coalesce(parted.at, clock()) AS now

-- name: waiting_with
-- Reads what waits with these messages.
SELECT id FROM notifications WHERE told_with = ANY ($1::text[]) AND status = 'waiting' ORDER BY id

-- name: take_out
-- Notes that what these would say is over; returns what was not told yet.
UPDATE notifications SET evidence = coalesce(evidence, '{}') || '{"removed": true}'
WHERE id = ANY ($1) AND reason IS DISTINCT FROM 'erased'
RETURNING id, status = 'waiting' AND ticket_id IS NULL AS waits

-- name: take_out_of
-- Notes that an incident does not touch these customers, as a person says; returns what they have not been told of it yet.
UPDATE notifications SET evidence = coalesce(evidence, '{}') || '{"removed": true}'
FROM unnest($1::text[], $2::text[]) AS out (incident_id, customer_id)
WHERE notifications.incident_id = out.incident_id AND notifications.customer_id = out.customer_id AND kind IN ('opened', 'updated') AND ticket_id IS NULL
    AND reason IS DISTINCT FROM 'erased'
RETURNING id, status = 'waiting' AS waits

-- name: put_back
-- Notes that a person has put these customers back.
UPDATE notifications SET evidence = evidence - 'removed'
FROM unnest($1::text[], $2::text[]) AS back (incident_id, customer_id)
WHERE notifications.incident_id = back.incident_id AND notifications.customer_id = back.customer_id AND kind IN ('opened', 'updated') AND evidence ? 'removed'

-- name: told_as_of_another
-- Finds which of these the customers were told of another incident, from which they were split since.
SELECT said.id FROM unnest($1::text[], $2::text[], $3::text[]) AS said (id, incident_id, customer_id)
JOIN notifications n ON n.incident_id = said.incident_id AND n.customer_id = said.customer_id
WHERE n.kind = 'opened' AND n.ticket_id IS NULL AND n.id <> said.id

-- name: split
-- Has what customers were told of some incidents, or are to be told, count for another one. Ends that were told stay where they were.
UPDATE notifications SET incident_id = $2, gate = CASE WHEN gate IS NOT NULL THEN $2 END, round = 1
WHERE incident_id = ANY ($1::text[]) AND customer_id = ANY ($3::text[]) AND kind <> ALL ($4::text[]) AND reason IS DISTINCT FROM 'erased'
RETURNING id, gate, round, status = 'waiting' AND coalesce(why ? 'approval', false) AS held

-- name: last_proactive
-- Reads the notification whose link was most likely used.
SELECT * FROM notifications
WHERE customer_id = $1 AND ticket_id IS NULL AND sent_at IS NOT NULL
ORDER BY created_at DESC LIMIT 1

-- name: notifications
-- Lists the ledger for people, newest first, from a position on; of many attempts the last fifty.
SELECT id, customer_id, kind, left(incident_id, 255) AS incident_id, left(ticket_id, 255) AS ticket_id, status, reason, channel, about_at,
    created_at, sent_at, settled_at, told_with, evidence, why, jsonb_array_length(attempts) AS tries,
    jsonb_path_query_array(attempts, '$[last - 49 to last]') AS attempts
FROM notifications
WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR incident_id = $2) AND ($3::text IS NULL OR status = $3)
    AND ($4::text IS NULL OR reason = $4) AND ($5::text IS NULL OR kind = $5)
    AND ($6::timestamptz IS NULL OR (created_at, id) < ($6, $7))
ORDER BY created_at DESC, id DESC
LIMIT $8

-- name: notification
-- Reads one of them.
SELECT id, customer_id, kind, left(incident_id, 255) AS incident_id, left(ticket_id, 255) AS ticket_id, status, reason, channel, about_at,
    created_at, sent_at, settled_at, told_with, evidence, why, jsonb_array_length(attempts) AS tries,
    jsonb_path_query_array(attempts, '$[last - 49 to last]') AS attempts
FROM notifications WHERE id = $1
