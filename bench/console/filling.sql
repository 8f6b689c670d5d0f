-- name: customers
-- Makes so many customers.
INSERT INTO customers (id, name, account, tier, contacts, addresses, updated_at)
SELECT 'c-' || n, 'Customer ' || n, 'account-' || n % 1000, 'gold',
    jsonb_build_array(jsonb_build_object('channel', 'email', 'address', 'c-' || n || '@example.org', 'role', 'owner')),
    ARRAY['c-' || n || '@example.org'], now()
FROM generate_series(1, $1::int) AS n

-- name: incidents
-- Makes so many open incidents, one a second until an hour ago.
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, failing_at, silent_since, revision, said_at, why)
SELECT 'i-' || n, 'rule-' || n % 20, 'part-' || n % 200, 'high', 'part-' || n % 200 || ' fails', 'open', opened_at, opened_at, now(),
    CASE WHEN n % 100 = 0 THEN now() END, 1, now(), '{"ratio": 0.42, "open": 0.3, "events": 120, "customers": 40}'
FROM generate_series(1, $1::int) AS n, LATERAL (SELECT now() - interval '1 h' - n * interval '1 s' AS opened_at) AS at

-- name: impact
-- Makes each customer touched within the last hour: one half by the first incident, the others by all the others; and the first customer by
-- every incident. One of ten is not told.
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at, told_at, untold_reason, notification_id)
SELECT incident_id, customer_id, 'confirmed', at, now(), 3, at + interval '2 s', CASE WHEN n % 10 > 0 THEN at + interval '3 s' END,
    CASE WHEN n % 10 = 0 THEN (ARRAY['capped', 'stale', 'consent'])[1 + n % 3] END, 'n-' || incident_id || '-' || customer_id
FROM (
    SELECT n, 'c-' || n AS customer_id, 'i-' || CASE WHEN n <= $1::int / 2 THEN 1 ELSE 2 + n % ($2::int - 1) END AS incident_id
    FROM generate_series(1, $1::int) AS n
    UNION ALL
    SELECT n, 'c-1', 'i-' || n FROM generate_series(2, $2::int) AS n) AS touched,
    LATERAL (SELECT now() - interval '1 h' + n % 3000 * interval '1 s' AS at) AS seen

-- name: notifications
-- Makes what each of them was told, or why not; one of a hundred could not be reached.
INSERT INTO notifications (id, customer_id, kind, incident_id, status, reason, channel, at, message_id, subject, body, why)
SELECT notification_id, customer_id, 'opened', incident_id, CASE WHEN told_at IS NOT NULL THEN 'delivered' ELSE status END, untold_reason,
    CASE WHEN told_at IS NOT NULL OR status = 'failed' THEN 'email' END, first_seen_at + interval '3 s',
    '<' || notification_id || '@example.org>', 'part fails', 'We know, and we are on it.', '{"cap": 3, "recent": 1}'
FROM impact, LATERAL (SELECT CASE WHEN untold_reason = 'stale' THEN 'failed' ELSE 'suppressed' END AS status) AS ended

-- name: tickets
-- Makes so many tickets within thirty days; half of them wait, and one of nine is about the incident that touches its customer, and new.
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, status, assignee, incident_id, opened_at, changed_at,
    resolved_at, due_at, responded_at, responded_by, responded_automatically, person_responded_at, last_word_at, last_word_side)
SELECT 't-' || n, 1000 + n, 'c-' || customer, 'form', 'Cannot pay ' || n, 'part-' || n % 200, 'normal',
    (ARRAY['open', 'in_progress', 'waiting', 'resolved', 'closed', 'open', 'closed', 'closed'])[1 + n % 8],
    CASE WHEN n % 8 = 1 THEN 'agent-' || n % 50 END,
    CASE WHEN n % 9 = 4 THEN 'i-' || CASE WHEN customer <= $2::int / 2 THEN 1 ELSE 2 + customer % ($3::int - 1) END END,
    at, at, CASE WHEN n % 8 IN (3, 4, 6, 7) THEN now() END, at + interval '1 h', CASE WHEN n % 8 > 0 THEN at + n % 1000 * interval '1 s' END,
    CASE WHEN n % 8 > 0 THEN 'ada' END, n % 2 = 0, CASE WHEN n % 8 > 0 THEN at + n % 3000 * interval '1 s' END, at, 'customer'
FROM generate_series(1, $1::int) AS n, LATERAL (SELECT 1 + n % $2::int AS customer,
    now() - CASE WHEN n % 9 = 4 THEN n % 3000 * interval '1 s' ELSE n * interval '2.5 s' END AS at) AS made

-- name: many_tickets_of_one
-- Makes one of a hundred tickets the first customer's.
UPDATE tickets SET customer_id = 'c-1' WHERE number % 100 = 0 AND incident_id IS NULL

-- name: messages
-- Makes what was said on each of them.
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || id, id, opened_at, 'customer', customer_id, 'request', 'Cannot pay', 'The checkout hangs.' FROM tickets

-- name: timeline
-- Makes what happened to each incident and each ticket.
INSERT INTO timeline (id, at, service, what, incident_id, ticket_id, detail)
SELECT 'f-' || id, opened_at, 'monitor', 'incident.opened', id, NULL::text,
    '{"why": {"ratio": 0.42, "open": 0.3, "events": 120, "customers": 40}}'::jsonb
FROM incidents
UNION ALL
SELECT 'f-' || id, opened_at, 'ticketing', 'ticket.opened', NULL, id, '{}'::jsonb FROM tickets
UNION ALL
SELECT 'f-linked-' || id, opened_at, 'ticketing', 'ticket.linked', incident_id, id, '{}'::jsonb FROM tickets WHERE incident_id IS NOT NULL

-- name: who_wrote
-- Says who wrote about which incident, as the trigger of `tickets` does.
UPDATE impact SET wrote_at = wrote.opened_at, ticket_id = wrote.id
FROM (SELECT DISTINCT ON (incident_id, customer_id) incident_id, customer_id, opened_at, id FROM tickets
    WHERE incident_id IS NOT NULL ORDER BY incident_id, customer_id, opened_at, id) AS wrote
WHERE impact.incident_id = wrote.incident_id AND impact.customer_id = wrote.customer_id

-- name: reach
-- Counts whom each incident touches and who wrote, as the triggers of `impact` and `tickets` do.
UPDATE incidents SET affected = m.affected, told = m.told, untold = m.untold, wrote = m.wrote, told_first = m.told_first,
    tickets = coalesce(t.tickets, 0), tickets_open = coalesce(t.tickets_open, 0)
FROM (SELECT incident_id, count(*) AS affected, count(told_at) AS told, count(untold_reason) FILTER (WHERE told_at IS NULL) AS untold,
        count(wrote_at) AS wrote, count(told_at) FILTER (WHERE coalesce(told_at <= wrote_at, true)) AS told_first
    FROM impact WHERE first_seen_at IS NOT NULL GROUP BY incident_id) AS m
    LEFT JOIN (SELECT incident_id, count(*) AS tickets, count(*) FILTER (WHERE status IN ('open', 'in_progress', 'waiting')) AS tickets_open
        FROM tickets WHERE incident_id IS NOT NULL GROUP BY incident_id) AS t USING (incident_id)
WHERE id = m.incident_id

-- name: moments
-- Counts how many were touched and told in each second, as the triggers do.
INSERT INTO moments (incident_id, second, what, customers)
SELECT incident_id, date_trunc('second', found_at), 'touched', count(*) FROM impact GROUP BY 1, 2
UNION ALL
SELECT incident_id, date_trunc('second', at), CASE status WHEN 'delivered' THEN kind ELSE status END, count(*) FROM notifications GROUP BY 1, 2, 3

-- name: ticket_counts
-- Counts the tickets that wait, as the trigger does.
INSERT INTO ticket_counts (status, incident_id, assignee, tickets)
SELECT status, coalesce(incident_id, ''), coalesce(assignee, ''), count(*)
FROM tickets WHERE status IN ('open', 'in_progress', 'waiting') GROUP BY 1, 2, 3

-- name: deliveries
-- Counts what became of notifications in each minute, as the trigger does.
INSERT INTO deliveries (minute, status, channel, reason, notifications)
SELECT date_trunc('minute', at), status, coalesce(channel, ''), coalesce(reason, ''), count(*) FROM notifications GROUP BY 1, 2, 3, 4

-- name: audit
-- Makes one act for each ticket, by fifty people.
INSERT INTO audit (at, person, role, act, subject, before, after, outcome, form_id)
SELECT now() - (1 + $1::int - n) * interval '1 s', 'agent-' || n % 50, 'agent', (ARRAY['ticket.reply', 'ticket.assign', 'customer.export'])[1 + n % 3],
    'ticket:t-' || n, '{"status": "open"}', '{"status": "waiting"}', 'done', 'form-' || n
FROM generate_series(1, $1::int) AS n
