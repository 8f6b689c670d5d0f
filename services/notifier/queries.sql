-- name: put_customers
-- The latest fact about each customer wins, by its own time; nothing wins over an erasure. Says who is new.
-- A stamp in the future tells no time: such a fact counts by its place in the topic, wins over nothing after it, and is known again
-- by its id, so that a replay when that moment has passed changes nothing.
INSERT INTO customers AS known (id, name, account, tier, locale, timezone, contacts, consent, updated_at, newer_than, said_by, ahead)
SELECT id, name, account, tier, locale, timezone, contacts::jsonb, consent, least(at, clock()),
    CASE WHEN at > clock() THEN timestamptz 'epoch' END, said_by, CASE WHEN at > clock() THEN ARRAY[said_by] ELSE '{}' END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::timestamptz[], $10::text[])
    AS new (id, name, account, tier, locale, timezone, contacts, consent, at, said_by)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, account = excluded.account, tier = excluded.tier, locale = excluded.locale, timezone = excluded.timezone,
    contacts = excluded.contacts, consent = excluded.consent, updated_at = excluded.updated_at,
    newer_than = CASE WHEN excluded.newer_than IS NOT NULL THEN coalesce(known.newer_than, known.updated_at) END,
    said_by = excluded.said_by, ahead = (excluded.ahead || known.ahead)[:10]
WHERE known.erased_at IS NULL AND excluded.said_by <> ALL (known.ahead)
    AND (excluded.newer_than IS NOT NULL OR coalesce(known.newer_than, known.updated_at) <= excluded.updated_at)
RETURNING id, xmax = 0 AS added

-- name: contacts_before
-- The contacts of customers before the latest fact about them is taken.
SELECT id, contacts FROM customers WHERE id = ANY ($1)

-- name: forget_marks
-- Addresses marked as bad before their customer's contacts changed may be tried again.
DELETE FROM bad_addresses b USING unnest($1::text[], $2::timestamptz[]) AS moved (id, at)
WHERE b.customer_id = moved.id AND b.since < moved.at

-- name: erase_customers
-- Everything personal in the directory goes; that they were erased stays, so that nobody tells them anything again.
INSERT INTO customers AS known (id, updated_at, erased_at)
SELECT id, least(at, clock()), least(at, clock()) FROM unnest($1::text[], $2::timestamptz[]) AS new (id, at)
ON CONFLICT (id) DO UPDATE SET
    name = '', account = NULL, tier = NULL, locale = 'en', timezone = 'UTC', contacts = '[]', consent = '{}',
    updated_at = excluded.updated_at, newer_than = NULL, said_by = NULL, ahead = '{}', erased_at = excluded.erased_at
WHERE known.erased_at IS NULL

-- name: erase_preferences
-- What erased customers chose goes too.
DELETE FROM preferences WHERE customer_id = ANY ($1)

-- name: erase_bad_addresses
-- And the addresses we remembered as bad.
DELETE FROM bad_addresses WHERE customer_id = ANY ($1)

-- name: forget_customers
-- A tombstone deletes a customer's entry. An erasure is kept: without it, a later update would tell an erased customer again.
DELETE FROM customers WHERE id = ANY ($1) AND erased_at IS NULL

-- name: take_incidents
-- What is known of each incident now: the fact with the highest revision says it. The row stays locked, so that no delivery settles
-- unseen meanwhile. Says what was taken. Older versions give no revision to an end: it is taken once, when there was none before.
INSERT INTO incidents AS known
    (id, rule, component, severity, title, started_at, symptom, revision, failing_at, behind_seconds, silent_since, status,
     resolved_at, tell, resolved_by, hops, heard_at)
SELECT id, rule, component, severity, title, started_at, symptom, revision, least(failing_at, clock()), extract(epoch FROM behind), silent_since,
    status, ended_at, tell, ended_by, hops, clock()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::int[], $9::timestamptz[],
            $10::interval[], $11::timestamptz[], $12::text[], $13::timestamptz[], $14::bool[], $15::text[], $16::int[])
    AS new (id, rule, component, severity, title, started_at, symptom, revision, failing_at, behind, silent_since, status,
            ended_at, tell, ended_by, hops)
ON CONFLICT (id) DO UPDATE SET
    rule = excluded.rule, component = excluded.component, severity = excluded.severity, title = excluded.title,
    started_at = excluded.started_at, symptom = excluded.symptom, revision = greatest(known.revision, excluded.revision),
    failing_at = coalesce(excluded.failing_at, known.failing_at), behind_seconds = excluded.behind_seconds,
    silent_since = excluded.silent_since, status = excluded.status, resolved_at = coalesce(excluded.resolved_at, known.resolved_at),
    tell = excluded.tell, resolved_by = excluded.resolved_by, hops = excluded.hops, heard_at = excluded.heard_at
WHERE known.revision < excluded.revision
    OR excluded.revision = 0 AND excluded.status <> 'open' AND known.status = 'open' AND known.resolved_at IS NULL
RETURNING id, revision

-- name: lock_incident
-- How it stands; until this transaction ends no fact about it is taken.
SELECT id AS incident_id, true AS incident_known, rule, title, component, severity, started_at, symptom, revision,
    status AS incident_status, resolved_at, tell, resolved_by, hops, failing_at, silent_since, behind_seconds
FROM incidents WHERE id = $1
FOR SHARE

-- name: next_of_incident
-- What the next customers were told, or are to be told, of an incident, customer by customer; without the words of tickets.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident
FROM notifications
WHERE incident_id = $1 AND customer_id > $2 ORDER BY incident_id, customer_id LIMIT $3

-- name: next_awaiting
-- The same, of what hangs on what monitor says about the incident.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident
FROM notifications
WHERE incident_id = $1 AND awaits_incident AND customer_id > $2 ORDER BY incident_id, customer_id LIMIT $3

-- name: of_incident_and_customer
-- What one customer was told, or is to be told, of an incident.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident
FROM notifications
WHERE incident_id = $1 AND customer_id = $2

-- name: await_no_more
-- The incident is over: what was not told of it because it had not been true lately stays untold, whatever comes.
UPDATE notifications SET awaits_incident = false WHERE id = ANY ($1) AND status = 'suppressed'

-- name: true_anew
-- The incident is failing now: what was suppressed because it had not been so lately waits again, due now.
UPDATE notifications SET status = 'waiting', reason = NULL, settled_at = NULL, created_at = clock(), awaits_incident = false
WHERE id = ANY ($1) AND awaits_incident AND status = 'suppressed'
RETURNING id, clock() AS now

-- name: hasten
-- Decides these at once instead of waiting for their next try.
UPDATE due SET ready_at = clock() WHERE kind = ANY ($1) AND ref = ANY ($2) AND lease IS NULL AND ready_at > clock()

-- name: write_down
-- What customers must know, once. What was suppressed as stale waits again when it has become true anew since;
-- an all-clear that a ticket brings in its own words is given in those, if it has not gone out yet.
INSERT INTO notifications AS known
    (id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, about_at, first_seen_at, evidence, cause_id, cause_hops)
SELECT id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, least(about_at, clock()), first_seen_at, evidence, cause_id, hops
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::timestamptz[],
            $10::timestamptz[], $11::jsonb[], $12::text[], $13::int[])
    AS new (id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, about_at, first_seen_at, evidence, cause_id, hops)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    status = 'waiting', reason = NULL, settled_at = NULL, about_at = excluded.about_at, evidence = excluded.evidence,
    cause_id = excluded.cause_id, cause_hops = excluded.cause_hops, created_at = excluded.created_at,
    ticket_id = excluded.ticket_id, ticket_number = excluded.ticket_number, subject = excluded.subject, body = excluded.body,
    awaits_incident = false
WHERE known.status = 'suppressed' AND known.reason = 'stale' AND known.about_at < excluded.about_at
    OR known.status = 'waiting' AND known.sent_at IS NULL AND known.body IS NULL AND excluded.body IS NOT NULL
RETURNING id, ticket_id IS NULL AS proactive, ticket_id IS NOT NULL AND body IS NULL AS wordless, clock() AS now

-- name: leave_lane
-- What we were to say first has become a reply; a worker that has it in the other lane loses its lease.
DELETE FROM due WHERE kind = $1 AND ref = ANY ($2)

-- name: waiting_of_customers
-- What these customers are still to be told.
SELECT id FROM notifications WHERE status = 'waiting' AND customer_id = ANY ($1)

-- name: notification_situation
-- One notification, locked, with the incident it is about and what its customer chose.
SELECT n.*, i.id IS NOT NULL AS incident_known, i.rule, i.title, i.component, i.severity, i.started_at, i.symptom, i.revision,
    i.status AS incident_status, i.resolved_at, i.tell, i.resolved_by, i.hops, i.failing_at, i.silent_since, i.behind_seconds,
    p.incident AS wants_incident, p.guidance AS wants_guidance, clock() AS now
FROM notifications n LEFT JOIN incidents i ON i.id = n.incident_id LEFT JOIN preferences p ON p.customer_id = n.customer_id
WHERE n.id = $1
FOR UPDATE OF n

-- name: customer
-- One customer of the directory.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c WHERE c.id = $1

-- name: customer_shown
-- The same, to show: the first of their contacts and the latest of their marks; long texts are cut. Purposes that mean something come first.
SELECT c.id, left(name, 500) AS name, left(account, 500) AS account, left(tier, 255) AS tier, left(locale, 255) AS locale,
    left(timezone, 255) AS timezone, updated_at, erased_at, jsonb_array_length(contacts) AS contacts_in_all,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'channel', left(each ->> 'channel', 255), 'address', left(each ->> 'address', 320), 'role', left(each ->> 'role', 255)) ORDER BY n), '[]')
        FROM jsonb_array_elements(contacts) WITH ORDINALITY AS held (each, n) WHERE n <= 100) AS contacts,
    (SELECT coalesce(jsonb_object_agg(left(purpose, 255), given), '{}') FROM (
        SELECT * FROM jsonb_each(consent) AS said (purpose, given) ORDER BY purpose NOT IN ('incident', 'guidance'), purpose LIMIT 100) AS _) AS consent,
    ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id ORDER BY since DESC, address LIMIT 100) AS bad_addresses
FROM customers c WHERE c.id = $1

-- name: knows
-- Whether the directory has this customer.
SELECT EXISTS (SELECT FROM customers WHERE id = $1)

-- name: contacts_of
-- A customer's addresses in their order, from after a place on, each with what a provider said of it.
SELECT n AS place, left(each ->> 'channel', 255) AS channel, left(each ->> 'address', 320) AS address, left(each ->> 'role', 255) AS role,
    b.address IS NOT NULL AS bad, b.since, left(b.detail, 500) AS detail
FROM customers c CROSS JOIN jsonb_array_elements(c.contacts) WITH ORDINALITY AS held (each, n)
LEFT JOIN bad_addresses b ON b.customer_id = c.id AND b.address = each ->> 'address'
WHERE c.id = $1 AND n > coalesce($2::bigint, 0) ORDER BY n LIMIT $3

-- name: customer_locked
-- The same, locked: sends to one customer count one another one after the other, so that no cap is passed by two at once.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c WHERE c.id = $1
FOR NO KEY UPDATE OF c

-- name: told_before
-- What this customer got, or may have got: how often we spoke first within the cap's time, and what belongs to the same thread.
SELECT
    count(*) FILTER (WHERE ticket_id IS NULL AND kind NOT IN ('resolved', 'withdrawn', 'dismissed') AND sent_at > clock() - $5::interval) AS recent,
    coalesce(array_agg(id ORDER BY sent_at, id) FILTER (WHERE incident_id = $3 OR ticket_id = $4), '{}') AS earlier
FROM notifications
WHERE customer_id = $1 AND id <> $2 AND sent_at IS NOT NULL
    AND (sent_at > clock() - $5::interval OR incident_id = $3 OR ticket_id = $4)

-- name: begin_sending
-- From here on the customer may have it. A slot of the cap is taken, and a crash leaves behind that the outcome is unknown.
UPDATE notifications SET sent_at = clock(), channel = $2, why = $3, dated_at = $4, awaits_incident = false WHERE id = $1

-- name: settle
-- The last word about a notification: delivered or failed. A ticket's words are not kept beyond it: the ticket has them.
UPDATE notifications SET
    status = $2, reason = $3, sent_at = CASE WHEN $4 THEN sent_at END, settled_at = clock(), attempts = attempts || $5::jsonb,
    subject = left(subject, 0), body = left(body, 0)
WHERE id = $1

-- name: unreached
-- Customers who could not be told of an incident that is open, for want of an address.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c
WHERE c.id = ANY ($1) AND c.erased_at IS NULL AND EXISTS (
    SELECT FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE n.customer_id = c.id AND n.kind = 'opened' AND n.ticket_id IS NULL AND n.sent_at IS NULL AND i.status = 'open'
        AND n.status IN ('suppressed', 'failed') AND n.reason IN ('no_contact', 'address', 'refused', 'unsupported'))

-- name: wait_again
-- Their customers can be reached now: what they could not be told is entered anew, and is as true as the incident is by now.
UPDATE notifications n SET
    status = 'waiting', reason = NULL, settled_at = NULL, created_at = clock(), about_at = greatest(n.about_at, i.failing_at)
FROM incidents i
WHERE i.id = n.incident_id AND i.status = 'open'
    AND n.customer_id = ANY ($1) AND n.kind = 'opened' AND n.ticket_id IS NULL AND n.sent_at IS NULL
    AND n.status IN ('suppressed', 'failed') AND n.reason IN ('no_contact', 'address', 'refused', 'unsupported')
RETURNING n.id, clock() AS now

-- name: put_off
-- Delivery pauses: whatever is due comes back when it may go on. In pieces; whatever is claimed meanwhile puts off the next.
WITH ready AS MATERIALIZED (
    SELECT kind, ref FROM due WHERE kind = ANY ($1) AND lease IS NULL AND ready_at <= clock() LIMIT 10000 FOR UPDATE SKIP LOCKED)
UPDATE due SET ready_at = $2, due_at = $2 FROM ready WHERE due.kind = ready.kind AND due.ref = ready.ref

-- name: suppress
-- Not told, and why. What may have been sent before stays known as that.
UPDATE notifications SET
    status = 'suppressed', reason = $2, why = $3, awaits_incident = $4, settled_at = clock(),
    subject = left(subject, 0), body = left(body, 0)
WHERE id = $1

-- name: try_again
-- Another try follows; unless the outcome of this one is unknown, the customer does not have it.
UPDATE notifications SET sent_at = CASE WHEN $2 THEN sent_at END, attempts = attempts || $3::jsonb WHERE id = $1

-- name: hold
-- Decided again later, and why.
UPDATE notifications SET why = $2, awaits_incident = $3 WHERE id = $1

-- name: bad_address
-- A provider says that there is no such address; of a customer who was erased meanwhile it is not remembered.
INSERT INTO bad_addresses (customer_id, address, detail)
SELECT id, $2, $3 FROM customers WHERE id = $1 AND erased_at IS NULL
ON CONFLICT DO NOTHING

-- name: clear_mark
-- A person says that the address is right.
DELETE FROM bad_addresses WHERE customer_id = $1 AND address = $2

-- name: notifications
-- The ledger for people, newest first, from a position on; of many attempts the last fifty.
SELECT id, customer_id, kind, left(incident_id, 255) AS incident_id, left(ticket_id, 255) AS ticket_id, status, reason, channel, about_at,
    created_at, sent_at, settled_at, evidence, why, jsonb_array_length(attempts) AS tries,
    jsonb_path_query_array(attempts, '$[last - 49 to last]') AS attempts
FROM notifications
WHERE ($1::text IS NULL OR customer_id = $1) AND ($2::text IS NULL OR incident_id = $2) AND ($3::text IS NULL OR status = $3)
    AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5))
ORDER BY created_at DESC, id DESC
LIMIT $6

-- name: notification
-- One of them.
SELECT id, customer_id, kind, left(incident_id, 255) AS incident_id, left(ticket_id, 255) AS ticket_id, status, reason, channel, about_at,
    created_at, sent_at, settled_at, evidence, why, jsonb_array_length(attempts) AS tries,
    jsonb_path_query_array(attempts, '$[last - 49 to last]') AS attempts
FROM notifications WHERE id = $1

-- name: preferences
-- What a customer chose with us.
SELECT incident, guidance FROM preferences WHERE customer_id = $1

-- name: put_preferences
-- The customer's choice, all of it.
INSERT INTO preferences (customer_id, incident, guidance) VALUES ($1, $2, $3)
ON CONFLICT (customer_id) DO UPDATE SET incident = excluded.incident, guidance = excluded.guidance, changed_at = clock()

-- name: opt_out
-- The customer wants no more of one purpose; the other stays as it is. Says whether that is new.
-- Of the erased nothing is kept: they are told nothing anyway.
INSERT INTO preferences AS known (customer_id, incident, guidance)
SELECT $1, CASE WHEN $2 = 'incident' THEN false END, CASE WHEN $2 = 'guidance' THEN false END
WHERE NOT EXISTS (SELECT FROM customers WHERE id = $1 AND erased_at IS NOT NULL)
ON CONFLICT (customer_id) DO UPDATE SET
    incident = coalesce(excluded.incident, known.incident), guidance = coalesce(excluded.guidance, known.guidance), changed_at = clock()
WHERE known.incident IS DISTINCT FROM coalesce(excluded.incident, known.incident)
    OR known.guidance IS DISTINCT FROM coalesce(excluded.guidance, known.guidance)
RETURNING true

-- name: last_proactive
-- The notification whose link was most likely used.
SELECT * FROM notifications
WHERE customer_id = $1 AND ticket_id IS NULL AND sent_at IS NOT NULL
ORDER BY sent_at DESC LIMIT 1
