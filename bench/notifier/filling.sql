-- name: customers
-- Fills the directory; of the rule whose incidents follow nobody approves.
WITH trusted AS (
    INSERT INTO autonomy (rule, step, reason, by) VALUES ('requests-failing', 'auto', 'measured', 'bench') ON CONFLICT DO NOTHING)
INSERT INTO customers (id, name, timezone, contacts, updated_at)
SELECT $1 || n, (ARRAY['Ada Lovelace', 'Grace Hopper', 'Jörg Müller'])[1 + n % 3], 'Europe/Berlin',
    jsonb_build_array(jsonb_build_object('channel', 'email', 'address', $1 || n || '@example.org', 'role', 'owner')), clock()
FROM generate_series(0, $2::int - 1) n

-- name: told
-- Has so many customers told of an incident that goes on.
WITH incident AS (
    INSERT INTO incidents (id, rule, component, severity, title, started_at, failing_at)
    VALUES ($1, 'requests-failing', 'part-1', 'high', 'part-1 is failing', clock() - interval '10 min', clock()))
INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, first_seen_at, status, channel, sent_at, settled_at, dated_at, created_at)
SELECT 'told-' || n, $2 || n, 'opened', $1, clock() - interval '9 min', clock() - interval '9 min', 'delivered', 'email',
    clock() - interval '8 min', clock() - interval '8 min', clock() - interval '8 min', clock() - interval '9 min'
FROM generate_series(0, $3::int - 1) n

-- name: due
-- Has so many notifications wait that are due now.
WITH written AS (
    INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, first_seen_at)
    SELECT 'due-' || n, $2 || n, 'opened', $1, clock(), clock() FROM generate_series(0, $3::int - 1) n RETURNING id)
INSERT INTO due (kind, ref, due_at, ready_at) SELECT 'delivery', id, clock(), clock() FROM written

-- name: incident
-- Has an incident go on.
INSERT INTO incidents (id, rule, component, severity, title, started_at, failing_at)
VALUES ($1, 'requests-failing', 'part-2', 'high', 'part-2 is failing', clock() - interval '1 min', clock())

-- name: endpoints
-- Registers an endpoint for each customer; every so many-th hangs.
INSERT INTO endpoints (id, customer_id, url)
SELECT $1 || n, $1 || n, $3 || CASE WHEN n % $4::int = $4::int - 1 THEN '/hang/' ELSE '/ok/' END || n FROM generate_series(0, $2::int - 1) n
