-- name: put_renewals
-- Stores the latest that is said about when each customer renews, by its own time.
INSERT INTO renewals AS known (customer_id, renews_at, said_at) SELECT * FROM unnest($1::text[], $2::date[], $3::timestamptz[])
ON CONFLICT (customer_id) DO UPDATE SET renews_at = excluded.renews_at, said_at = excluded.said_at WHERE excluded.said_at >= known.said_at

-- name: drop_renewals
-- Deletes the renewals of customers who say none any more, unless something later was said.
DELETE FROM renewals USING unnest($1::text[], $2::timestamptz[]) AS said (id, at) WHERE renewals.customer_id = said.id AND said_at <= said.at

-- name: hold_renewals
-- Lets nobody else write or judge renewals until the transaction ends; reading goes on.
LOCK TABLE renewals IN SHARE ROW EXCLUSIVE MODE

-- name: renewal_beside
-- Reads when the customer of this risk renews, and where the customer is judged.
SELECT risks.partition, renewals.renews_at FROM risks LEFT JOIN renewals USING (customer_id) WHERE risks.id = $1

-- name: open_risks_of
-- Reads which risks of these customers are open.
SELECT id FROM risks WHERE customer_id = ANY ($1::text[]) AND cleared_at IS NULL

-- name: renewal_of
-- Reads when one customer renews.
SELECT renews_at, said_at FROM renewals WHERE customer_id = $1

-- name: erase_renewal
-- Deletes the renewal of one customer.
DELETE FROM renewals WHERE customer_id = $1
