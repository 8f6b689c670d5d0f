-- name: latest_period
-- Reads the latest period of a maintenance, and locks it to change it.
SELECT * FROM maintenance WHERE maintenance_id = $1 ORDER BY revision DESC LIMIT 1 FOR NO KEY UPDATE

-- name: put_period
-- Stores what is known of a period now.
INSERT INTO maintenance
    (id, maintenance_id, revision, status, title, text, components, audience, starts_at, ends_at, called, news, news_at, news_by, hops)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, least($13, clock()), $14, $15)
ON CONFLICT (id) DO UPDATE SET
    revision = excluded.revision, status = excluded.status, title = excluded.title, text = excluded.text, components = excluded.components,
    audience = excluded.audience, starts_at = excluded.starts_at, ends_at = excluded.ends_at, called = excluded.called, news = excluded.news,
    news_at = excluded.news_at, news_by = excluded.news_by, hops = excluded.hops, written_at = clock()

-- name: lock_period
-- Reads a period and locks it; until this transaction ends no fact about it is taken.
SELECT * FROM maintenance WHERE id = $1 FOR SHARE

-- name: periods
-- Reads periods.
SELECT * FROM maintenance WHERE id = ANY ($1::text[])

-- name: next_of_period
-- Reads what the next customers were told, or are to be told, of a period, customer by customer; without the erased.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident, why, period
FROM notifications
WHERE period = $1 AND customer_id > $2 AND reason IS DISTINCT FROM 'erased' ORDER BY period, customer_id LIMIT $3

-- name: of_period_and_customers
-- Reads the same of these customers.
SELECT id, customer_id, kind, about_at, cause_id, cause_hops, incident_id, ticket_id, ticket_number, NULL AS subject, NULL AS body,
    first_seen_at, evidence, status, created_at, sent_at, dated_at, attempts, awaits_incident, why, period
FROM notifications
WHERE period = $1 AND customer_id = ANY ($2::text[]) AND reason IS DISTINCT FROM 'erased' ORDER BY customer_id
