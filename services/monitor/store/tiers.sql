-- name: put_tiers
-- Stores the latest that is said about each customer's tier, by its own time.
INSERT INTO tiers AS known (customer_id, tier, said_at) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
ON CONFLICT (customer_id) DO UPDATE SET tier = excluded.tier, said_at = excluded.said_at WHERE excluded.said_at >= known.said_at

-- name: drop_tiers
-- Deletes the tiers of customers who have none any more, unless something later was said.
DELETE FROM tiers USING unnest($1::text[], $2::timestamptz[]) AS said (id, at) WHERE tiers.customer_id = said.id AND said_at <= said.at

-- name: tiers_touched
-- Counts the customers of each of these tiers whom an incident touches.
SELECT tiers.tier, count(*) AS customers FROM impact JOIN tiers USING (customer_id)
WHERE impact.incident_id = $1 AND tiers.tier = ANY ($2::text[]) GROUP BY tiers.tier

-- name: tier_of
-- Reads the tier of one customer.
SELECT tier, said_at FROM tiers WHERE customer_id = $1

-- name: erase_tier
-- Deletes the tier of one customer.
DELETE FROM tiers WHERE customer_id = $1
