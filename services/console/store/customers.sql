-- name: put_customers
-- Stores the latest that is said about each customer, by its own time. Lists come as JSON, for an array
-- of arrays has one length.
INSERT INTO customers AS known (id, updated_at, name, account, tier, locale, timezone, contacts, consent, account_manager, revenue,
    renews_at, addresses)
SELECT id, updated_at, name, account, tier, locale, timezone, contacts::jsonb, consent, account_manager, revenue, renews_at,
    ARRAY(SELECT jsonb_array_elements_text(addresses::jsonb))
FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
    $10::text[], $11::float8[], $12::date[], $13::text[])
    AS said (id, updated_at, name, account, tier, locale, timezone, contacts, consent, account_manager, revenue, renews_at, addresses)
ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, name = excluded.name, account = excluded.account, tier = excluded.tier,
    locale = excluded.locale, timezone = excluded.timezone, contacts = excluded.contacts, consent = excluded.consent,
    account_manager = excluded.account_manager, revenue = excluded.revenue, renews_at = excluded.renews_at, addresses = excluded.addresses
WHERE excluded.updated_at >= known.updated_at

-- name: forget_customers
-- Deletes entries of the directory.
DELETE FROM customers WHERE id = ANY ($1::text[])
