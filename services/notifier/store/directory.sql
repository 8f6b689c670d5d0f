-- name: put_customers
-- Stores the latest fact about each customer, by its own time. Says who is new.
-- A stamp in the future tells no time: such a fact counts by its place in the topic, wins over nothing after it, and is known again
-- by its id, so that a replay when that moment has passed changes nothing.
INSERT INTO customers AS known (id, name, account, tier, locale, timezone, contacts, consent, updated_at, newer_than, said_by, ahead,
    account_manager, revenue)
SELECT id, name, account, tier, locale, timezone, contacts::jsonb, consent, least(at, clock()),
    CASE WHEN at > clock() THEN timestamptz 'epoch' END, said_by, CASE WHEN at > clock() THEN ARRAY[said_by] ELSE '{}' END,
    account_manager, revenue
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::timestamptz[], $10::text[],
    $11::text[], $12::float8[])
    AS new (id, name, account, tier, locale, timezone, contacts, consent, at, said_by, account_manager, revenue)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, account = excluded.account, tier = excluded.tier, locale = excluded.locale, timezone = excluded.timezone,
    account_manager = excluded.account_manager, revenue = excluded.revenue, contacts = excluded.contacts, consent = excluded.consent, updated_at = excluded.updated_at,
    newer_than = CASE WHEN excluded.newer_than IS NOT NULL THEN coalesce(known.newer_than, known.updated_at) END,
    said_by = excluded.said_by, ahead = (excluded.ahead || known.ahead)[:10]
WHERE excluded.said_by <> ALL (known.ahead)
    AND (excluded.newer_than IS NOT NULL OR coalesce(known.newer_than, known.updated_at) <= excluded.updated_at)
RETURNING id, xmax = 0 AS added

-- name: contacts_before
-- Reads the contacts of customers before the latest fact about them is taken.
SELECT id, contacts FROM customers WHERE id = ANY ($1)

-- name: attributes
-- Reads what audiences are named by of the next customers, from a place on.
SELECT id, account, account_manager, locale, revenue, tier, timezone FROM customers WHERE id > $1 ORDER BY id LIMIT $2

-- name: forget_marks
-- Clears the marks of addresses from before their customer's contacts changed: they may be tried again.
DELETE FROM bad_addresses b USING unnest($1::text[], $2::timestamptz[]) AS moved (id, at)
WHERE b.customer_id = moved.id AND b.since < moved.at

-- name: forget_customers
-- Deletes a customer's entry, as a tombstone asks.
DELETE FROM customers WHERE id = ANY ($1)

-- name: customer
-- Reads one customer of the directory.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c WHERE c.id = $1

-- name: customers_to_show
-- Reads several customers of the directory.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c WHERE c.id = ANY ($1::text[])

-- name: customers_locked
-- Reads customers, locked: sends to one count one another one after the other, so that no cap is passed by two at once.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c WHERE c.id = ANY ($1)
ORDER BY c.id FOR NO KEY UPDATE OF c

-- name: customer_shown
-- Reads the same, to show: the first of their contacts and the latest of their marks; long texts are cut. Purposes that mean something come first.
SELECT c.id, left(name, 500) AS name, left(account, 500) AS account, left(tier, 255) AS tier, left(locale, 255) AS locale,
    left(timezone, 255) AS timezone, updated_at, jsonb_array_length(contacts) AS contacts_in_all,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'channel', left(each ->> 'channel', 255), 'address', left(each ->> 'address', 320), 'role', left(each ->> 'role', 255)) ORDER BY n), '[]')
        FROM jsonb_array_elements(contacts) WITH ORDINALITY AS held (each, n) WHERE n <= 100) AS contacts,
    (SELECT coalesce(jsonb_object_agg(left(purpose, 255), given), '{}') FROM (
        SELECT * FROM jsonb_each(consent) AS said (purpose, given) ORDER BY purpose NOT IN ('incident', 'guidance'), purpose LIMIT 100) AS _) AS consent,
    ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id ORDER BY since DESC, address LIMIT 100) AS bad_addresses
FROM customers c WHERE c.id = $1

-- name: knows
-- Says whether the directory has this customer.
SELECT EXISTS (SELECT FROM customers WHERE id = $1)

-- name: contacts_of
-- Lists a customer's addresses in their order, from after a place on, each with what a provider said of it.
SELECT n AS place, left(each ->> 'channel', 255) AS channel, left(each ->> 'address', 320) AS address, left(each ->> 'role', 255) AS role,
    b.address IS NOT NULL AS bad, b.since, left(b.detail, 500) AS detail
FROM customers c CROSS JOIN jsonb_array_elements(c.contacts) WITH ORDINALITY AS held (each, n)
LEFT JOIN bad_addresses b ON b.customer_id = c.id AND b.address = each ->> 'address'
WHERE c.id = $1 AND n > coalesce($2::bigint, 0) ORDER BY n LIMIT $3

-- name: unreached
-- Reads the customers who could not be told of an incident that is open, for want of an address.
SELECT c.*, ARRAY(SELECT address FROM bad_addresses b WHERE b.customer_id = c.id) AS bad
FROM customers c
WHERE c.id = ANY ($1) AND EXISTS (
    SELECT FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE n.customer_id = c.id AND n.kind = 'opened' AND n.ticket_id IS NULL AND n.sent_at IS NULL AND i.status = 'open'
        AND n.status IN ('suppressed', 'failed') AND n.reason IN ('no_contact', 'address', 'refused', 'unsupported'))

-- name: bad_address
-- Marks an address that does not exist, as a provider says; of a customer who is not known any more it is not remembered.
INSERT INTO bad_addresses (customer_id, address, detail)
SELECT id, $2, $3 FROM customers WHERE id = $1
ON CONFLICT DO NOTHING

-- name: address_came_back
-- Marks an address that does not exist, as what came back of that notification says; one that is marked stays as it is.
INSERT INTO bad_addresses (customer_id, address, detail, said_by, notification_id)
SELECT id, $2, $3, 'bounce', $4 FROM customers WHERE id = $1
ON CONFLICT DO NOTHING

-- name: clear_mark
-- Clears the mark of an address: a person says that it is right.
DELETE FROM bad_addresses WHERE customer_id = $1 AND address = $2 RETURNING since, said_by, notification_id

-- name: preferences
-- Reads what a customer chose with us.
SELECT incident, guidance FROM preferences WHERE customer_id = $1

-- name: put_preferences
-- Stores the customer's choice, all of it.
INSERT INTO preferences (customer_id, incident, guidance) VALUES ($1, $2, $3)
ON CONFLICT (customer_id) DO UPDATE SET incident = excluded.incident, guidance = excluded.guidance, changed_at = clock()

-- name: opt_out
-- Stores that the customer wants no more of one purpose; the other stays as it is. Says whether that is new.
INSERT INTO preferences AS known (customer_id, incident, guidance)
SELECT $1, CASE WHEN $2 = 'incident' THEN false END, CASE WHEN $2 = 'guidance' THEN false END
ON CONFLICT (customer_id) DO UPDATE SET
    incident = coalesce(excluded.incident, known.incident), guidance = coalesce(excluded.guidance, known.guidance), changed_at = clock()
WHERE known.incident IS DISTINCT FROM coalesce(excluded.incident, known.incident)
    OR known.guidance IS DISTINCT FROM coalesce(excluded.guidance, known.guidance)
RETURNING true
