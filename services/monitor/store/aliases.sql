-- name: lock_aliases
-- Lets nobody else write names until the transaction ends; reading goes on.
LOCK TABLE aliases IN SHARE ROW EXCLUSIVE MODE

-- name: claimed
-- Reads how these names stand.
SELECT alias, named, leads_to, customer_id, said_by, said_at, since, before, version FROM aliases WHERE alias = ANY ($1::text[])

-- name: around
-- Reads the links of these names, and of all other names of the customers whose they are.
WITH ends AS MATERIALIZED (
    SELECT customer_id FROM aliases WHERE alias = ANY ($1::text[]) UNION SELECT unnest($1::text[]))
SELECT alias, named, leads_to, customer_id, said_by, said_at, since, before, version FROM aliases WHERE alias = ANY ($1::text[])
UNION SELECT alias, named, leads_to, customer_id, said_by, said_at, since, before, version FROM aliases WHERE customer_id = ANY (ARRAY(SELECT customer_id FROM ends))

-- name: named_by_customers
-- Reads the names that customers.v1 gave these customers.
SELECT alias, named, leads_to, customer_id, said_by, said_at, since, before, version FROM aliases WHERE named = ANY ($1::text[]) AND said_by = 'customers'

-- name: keep_aliases
-- Stores links, each under a new version.
INSERT INTO aliases AS known (alias, named, leads_to, customer_id, said_by, said_at, since, before)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[])
ON CONFLICT (alias) DO UPDATE SET named = excluded.named, leads_to = excluded.leads_to, customer_id = excluded.customer_id,
    said_by = excluded.said_by, said_at = excluded.said_at, since = excluded.since, before = excluded.before, version = excluded.version

-- name: drop_aliases
-- Deletes names that others displaced.
DELETE FROM aliases WHERE alias = ANY ($1::text[])

-- name: latest_aliases
-- Reads the names that were said last, so many, and their version.
SELECT alias, leads_to, since, before, version FROM aliases ORDER BY said_at DESC LIMIT $1

-- name: newer_aliases
-- Reads the names that changed since a version.
SELECT alias, leads_to, since, before, version FROM aliases WHERE version > $1 ORDER BY version

-- name: customers_called
-- Says whose these names are, of those that are known.
SELECT alias, customer_id FROM aliases WHERE alias = ANY ($1::text[])

-- name: names_of
-- Lists the names of one customer, the latest first, in the order of their claims.
SELECT alias, named, said_by, said_at, since FROM aliases WHERE customer_id = $1 AND alias <> customer_id ORDER BY said_at DESC, alias LIMIT 500

-- name: also_erased
-- Reads by which other names these customers go: whoever erases a customer erases these, too.
SELECT customer_id, alias FROM aliases WHERE customer_id = ANY ($1::text[]) AND alias <> customer_id ORDER BY alias

-- name: aliases_naming
-- Reads the links in which one customer stands.
SELECT alias, named, customer_id, said_by, said_at FROM aliases WHERE alias = $1 OR customer_id = $1 ORDER BY alias

-- name: erase_aliases
-- Deletes the links in which one customer stands.
DELETE FROM aliases WHERE alias = $1 OR customer_id = $1

-- name: erase_before
-- Leaves out of other customers' names that they were this one's before.
UPDATE aliases SET before = '' WHERE before = $1

-- name: moves_naming
-- Reads what is on its way from one name to one customer.
SELECT partition, alias, customer_id FROM fold_moves WHERE alias = $1 OR customer_id = $1 ORDER BY id

-- name: erase_moves
-- Deletes what is on its way from one name to one customer.
DELETE FROM fold_moves WHERE alias = $1 OR customer_id = $1

-- name: send_off
-- Stores what was counted under names for the partitions of their customers.
INSERT INTO fold_moves (partition, alias, customer_id, belongings) SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[])

-- name: take_moves
-- Takes what has come for the customers of these partitions, in the order it was sent.
WITH come AS (DELETE FROM fold_moves WHERE partition = ANY ($1::int[]) RETURNING id, partition, customer_id, belongings)
SELECT partition, customer_id, belongings FROM come ORDER BY id

-- name: impact_moves
-- Forgets that open incidents touch these names, by rule and component: the customer is told in their place.
WITH gone AS (
    DELETE FROM impact USING incidents AS i, unnest($1::text[], $2::text[], $3::text[]) AS moved (alias, rule, component)
    WHERE i.rule = moved.rule AND i.component = moved.component AND i.ended_at IS NULL AND i.resolved_at IS NULL AND impact.incident_id = i.id AND impact.customer_id = moved.alias
    RETURNING impact.incident_id, impact.certainty),
counted AS (SELECT incident_id, count(*) AS customers, count(*) FILTER (WHERE certainty = 'likely') AS likely FROM gone GROUP BY incident_id)
UPDATE incidents SET affected = affected - counted.customers, likely = incidents.likely - counted.likely
FROM counted WHERE incidents.id = counted.incident_id

-- name: risks_under
-- Reads the open risks of these names.
SELECT id, customer_id FROM risks WHERE customer_id = ANY ($1::text[]) AND cleared_at IS NULL
