-- name: entry
-- Reads a customer's entry in the directory: what stands there once, then a row for each address and each purpose, of which there may be many.
SELECT what, shown FROM customers c CROSS JOIN LATERAL (
    SELECT 1 AS part, 1::bigint AS n, 'entry' AS what, to_jsonb(c) - ARRAY['contacts', 'consent', 'erased_at', 'newer_than', 'ahead'] AS shown
    UNION ALL SELECT 2, n, 'contact', each FROM jsonb_array_elements(c.contacts) WITH ORDINALITY AS held (each, n)
    UNION ALL SELECT 3, row_number() OVER (ORDER BY purpose), 'consent', jsonb_build_object(purpose, given)
        FROM jsonb_each(c.consent) AS said (purpose, given)) AS rows
WHERE c.id = $1 ORDER BY part, n

-- name: erase_entry
-- Deletes the whole entry.
DELETE FROM customers WHERE id = $1

-- name: choices
-- Reads what a customer chose with us.
SELECT * FROM preferences WHERE customer_id = $1

-- name: erase_choices
-- Deletes what they chose: they are told nothing any more.
DELETE FROM preferences WHERE customer_id = $1

-- name: marks
-- Reads their addresses that do not exist, as a provider said.
SELECT * FROM bad_addresses WHERE customer_id = $1 ORDER BY address

-- name: erase_marks
-- Deletes marked addresses.
DELETE FROM bad_addresses WHERE customer_id = $1

-- name: links
-- Reads their tickets that are about incidents.
SELECT * FROM ticket_links WHERE customer_id = $1 ORDER BY incident_id, ticket_id

-- name: erase_links
-- Deletes which tickets they had.
DELETE FROM ticket_links WHERE customer_id = $1

-- name: arms
-- Reads in which experiments they take part.
SELECT * FROM experiment_arms WHERE customer_id = $1 ORDER BY experiment

-- name: erase_arms
-- Deletes that they took part.
DELETE FROM experiment_arms WHERE customer_id = $1

-- name: deliveries
-- Reads by which ways they were told, or it was tried.
SELECT d.* FROM deliveries d JOIN notifications n ON n.id = d.notification_id WHERE n.customer_id = $1
ORDER BY d.notification_id, d.channel, d.address

-- name: erase_deliveries
-- Deletes the ways, which are their addresses.
DELETE FROM deliveries d USING notifications n WHERE n.id = d.notification_id AND n.customer_id = $1

-- name: places_held
-- Reads the digests of where they were told what.
SELECT encode(p.place, 'hex') AS place, p.notification_id, p.at FROM places p JOIN notifications n ON n.id = p.notification_id
WHERE n.customer_id = $1 ORDER BY p.at, p.place

-- name: erase_places
-- Deletes them: they are made of addresses.
DELETE FROM places p USING notifications n WHERE n.id = p.notification_id AND n.customer_id = $1

-- name: endpoints_held
-- Reads the endpoints of their systems.
SELECT * FROM endpoints WHERE customer_id = $1 ORDER BY id

-- name: erase_endpoints
-- Deletes their endpoints, which are called no more.
DELETE FROM endpoints WHERE customer_id = $1

-- name: missed_held
-- Reads what their endpoints have missed.
SELECT * FROM endpoint_missed WHERE customer_id = $1 ORDER BY endpoint_id, notification_id

-- name: erase_missed
-- Deletes what their endpoints have missed.
DELETE FROM endpoint_missed WHERE customer_id = $1

-- name: told
-- Reads everything that they were told, or were to be told.
SELECT id, customer_id, kind, incident_id, ticket_id, ticket_number, subject, body, about_at, first_seen_at, evidence, status, reason, why,
    channel, sent_at, settled_at, told_with, attempts, created_at
FROM notifications WHERE customer_id = $1 ORDER BY created_at, id

-- name: erase_told
-- Empties what they were told. That it was told stays under a digest: a fact that is replayed meets the same id, and nobody is told twice.
UPDATE notifications SET
    customer_id = 'erased ' || encode(sha256(convert_to(customer_id, 'UTF8')), 'hex'), reason = 'erased',
    status = CASE WHEN status = 'waiting' THEN 'suppressed' ELSE status END, settled_at = coalesce(settled_at, clock()),
    ticket_id = NULL, ticket_number = NULL, subject = left(subject, 0), body = left(body, 0), first_seen_at = NULL, evidence = NULL, why = NULL,
    attempts = '[]', awaits_incident = false, has_words = false
WHERE customer_id = $1

-- name: places
-- Reads follow-ups of incidents, and announcements of maintenance, that have come as far as this customer.
SELECT kind, ref FROM (
    SELECT kind, ref FROM due WHERE kind IN ('follow_up', 'announce') UNION ALL
    SELECT kind, ref FROM due_aside WHERE kind IN ('follow_up', 'announce')) AS at
WHERE ref::jsonb ->> 2 = $1

-- name: leave_place
-- Deletes such a piece of work, also one under way; another begins anew.
WITH gone AS (DELETE FROM due_aside WHERE kind = $1 AND ref = $2)
DELETE FROM due WHERE kind = $1 AND ref = $2

-- name: engagements_held
-- Reads what is known of how they used what they were told.
SELECT e.* FROM engagements e JOIN notifications n ON n.id = e.notification_id WHERE n.customer_id = $1 ORDER BY e.notification_id, e.what

-- name: erase_engagements
-- Deletes it.
DELETE FROM engagements e USING notifications n WHERE n.id = e.notification_id AND n.customer_id = $1
