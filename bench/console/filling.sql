-- name: customers
-- Makes so many customers.
INSERT INTO customers (id, name, account, tier, contacts, addresses, updated_at)
SELECT 'c-' || n, 'Customer ' || n, 'account-' || n % 1000, 'gold',
    jsonb_build_array(jsonb_build_object('channel', 'email', 'address', 'c-' || n || '@example.org', 'role', 'owner')),
    ARRAY['c-' || n || '@example.org'], clock()
FROM generate_series(1, $1::int) AS n

-- name: incidents
-- Makes so many open incidents, one a second.
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, failing_at, revision, said_at, why)
SELECT 'i-' || n, 'rule-' || n % 20, 'part-' || n % 200, 'high', 'part-' || n % 200 || ' fails', 'open',
    clock() - n * interval '1 s', clock() - n * interval '1 s', clock(), 1, clock(),
    '{"ratio": 0.42, "open": 0.3, "events": 120, "customers": 40}'
FROM generate_series(1, $1::int) AS n

-- name: impact
-- Makes each customer touched by one incident; a hundred thousand of them, or all there are, by the first one.
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, told_at, untold_reason, notification_id)
SELECT 'i-' || CASE WHEN n <= 100000 THEN 1 ELSE 1 + n % $2::int END, 'c-' || n, 'confirmed', clock() - interval '2 min', clock(), 3,
    CASE WHEN n % 10 > 0 THEN clock() - interval '1 min' END, CASE WHEN n % 10 = 0 THEN 'capped' END, 'n-' || n
FROM generate_series(1, $1::int) AS n

-- name: notifications
-- Makes what each of them was told, or why not.
INSERT INTO notifications (id, customer_id, kind, incident_id, status, reason, channel, at, message_id, subject, body, why)
SELECT 'n-' || n, 'c-' || n, 'opened', 'i-' || CASE WHEN n <= 100000 THEN 1 ELSE 1 + n % $2::int END,
    CASE WHEN n % 10 > 0 THEN 'delivered' ELSE 'suppressed' END, CASE WHEN n % 10 = 0 THEN 'capped' END, 'email',
    clock() - interval '1 min', '<n-' || n || '@example.org>', 'part fails', 'We know, and we are on it.', '{"cap": 3, "recent": 1}'
FROM generate_series(1, $1::int) AS n

-- name: tickets
-- Makes so many tickets, one a minute; half of them wait for a person, and a third of all are about an incident.
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, status, assignee, incident_id, opened_at, changed_at,
    resolved_at, due_at, responded_at, responded_by, last_word_at, last_word_side)
SELECT 't-' || n, 1000 + n, 'c-' || 1 + n % $2::int, 'form', 'Cannot pay ' || n, 'part-' || n % 200, 'normal',
    (ARRAY['open', 'in_progress', 'waiting', 'resolved', 'closed', 'open', 'closed', 'closed'])[1 + n % 8],
    CASE WHEN n % 8 = 1 THEN 'agent-' || n % 50 END, CASE WHEN n % 3 = 0 THEN 'i-' || 1 + n % $3::int END,
    clock() - n * interval '1 min', clock() - n * interval '1 min', CASE WHEN n % 8 IN (3, 4, 6, 7) THEN clock() END,
    clock() - n * interval '1 min' + interval '1 h', CASE WHEN n % 8 > 0 THEN clock() - n * interval '1 min' + interval '5 min' END,
    CASE WHEN n % 8 > 0 THEN 'ada' END, clock() - n * interval '1 min', 'customer'
FROM generate_series(1, $1::int) AS n

-- name: messages
-- Makes what was said on each of them.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || n, 't-' || n, clock() - n * interval '1 min', 'customer', 'c-' || 1 + n % $2::int, 'request', 'Cannot pay', 'The checkout hangs.'
FROM generate_series(1, $1::int) AS n

-- name: timeline
-- Makes what happened to each incident and each ticket.
INSERT INTO timeline (id, at, service, what, incident_id, ticket_id, detail)
SELECT 'f-i-' || n, clock() - n * interval '1 s', 'monitor', 'incident.opened', 'i-' || n, NULL::text,
    '{"why": {"ratio": 0.42, "open": 0.3, "events": 120, "customers": 40}}'::jsonb
FROM generate_series(1, $2::int) AS n
UNION ALL
SELECT 'f-t-' || n, clock() - n * interval '1 min', 'ticketing', 'ticket.opened', NULL, 't-' || n, '{}'::jsonb FROM generate_series(1, $1::int) AS n

-- name: moments
-- Makes how many were touched and told in each second.
INSERT INTO moments (incident_id, second, what, customers)
SELECT 'i-' || n, date_trunc('second', (SELECT clock())) - n * interval '1 s', what, 100
FROM generate_series(1, $1::int) AS n, unnest(ARRAY['touched', 'opened']) AS what
