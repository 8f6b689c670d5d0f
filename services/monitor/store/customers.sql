-- name: impact_on
-- Reads the incidents that touched one customer, and what people said of that.
SELECT incident_id, certainty, first_seen_at, last_seen_at, count, said_by, reason, taken_out_at FROM impact WHERE customer_id = $1 ORDER BY incident_id

-- name: erase_impact
-- Deletes one customer from all impact; the number of customers that each incident touched stays.
DELETE FROM impact WHERE customer_id = $1

-- name: tallies_naming
-- Reads the packed tallies in which one customer's id stands, or an id that it is a part of. Reads all of them: the fold keeps them few.
SELECT partition, rule, rows FROM fold_tallies WHERE position(convert_to($1::text, 'UTF8') IN rows) > 0
ORDER BY partition, rule, generation, part

-- name: risks_of
-- Reads the risks of one customer.
SELECT * FROM risks WHERE customer_id = $1 ORDER BY raised_at, id

-- name: erase_risks
-- Deletes the risks of one customer.
DELETE FROM risks WHERE customer_id = $1

-- name: moments_naming
-- Reads the packed moments in which one customer's id stands, or an id that it is a part of.
SELECT partition, rule, rows FROM fold_moments WHERE position(convert_to($1::text, 'UTF8') IN rows) > 0 ORDER BY partition, rule, part

-- name: moments_of_partition_naming
-- Reads the packed moments of one partition in which one of these ids stands.
SELECT rule, part, rows FROM fold_moments
WHERE partition = $1 AND EXISTS (SELECT FROM unnest($2::text[]) AS id WHERE position(convert_to(id, 'UTF8') IN rows) > 0)

-- name: replace_moments
-- Stores packed moments without the customers that were forgotten.
UPDATE fold_moments SET rows = $4 WHERE partition = $1 AND rule = $2 AND part = $3

-- name: begin_erasing
-- Asks the owner of each partition of the product events to forget one customer.
INSERT INTO fold_erasures (partition, customer_id)
SELECT partition, $1::text FROM offsets WHERE stream = 'monitor' AND topic = 'product.events.v1' ON CONFLICT DO NOTHING

-- name: is_erasing
-- Says whether an owner has still to forget one customer.
SELECT EXISTS (SELECT FROM fold_erasures WHERE customer_id = $1)

-- name: to_forget
-- Reads whom the owner of these partitions has to forget, some of them.
SELECT partition, customer_id FROM fold_erasures WHERE partition = ANY ($1::int[]) ORDER BY partition, customer_id LIMIT 500

-- name: tallies_of_partition_naming
-- Reads the packed tallies of one partition in which one of these ids stands.
SELECT rule, generation, part, rows FROM fold_tallies
WHERE partition = $1 AND EXISTS (SELECT FROM unnest($2::text[]) AS id WHERE position(convert_to(id, 'UTF8') IN rows) > 0)

-- name: replace_tallies
-- Stores packed tallies without the customers that were forgotten.
UPDATE fold_tallies SET rows = $5 WHERE partition = $1 AND rule = $2 AND generation = $3 AND part = $4

-- name: forgotten
-- Notes that the owners have forgotten these customers.
DELETE FROM fold_erasures USING unnest($1::int[], $2::text[]) AS gone (partition, customer_id)
WHERE fold_erasures.partition = gone.partition AND fold_erasures.customer_id = gone.customer_id
