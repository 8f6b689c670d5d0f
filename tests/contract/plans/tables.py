"""These tables are as after long use: 200,000 tickets, notifications and customers of incidents. Those beside them have some
100,000 rows. That decides a plan as millions do, and is there in a third of the time.

A new table that grows needs a line here and its name in GROWING; a new column only if it has no default.
"""

GROWING = {
    "monitor": {
        *("incidents", "incident_steps", "impact", "series", "fold_seen", "fold_cells", "fold_tallies", "fold_components", "fold_buckets"),
        *("fold_moments", "risks", "hook_alerts", "maintenance", "maintenance_periods", "muted", "members", "tiers", "aliases"),
        "renewals",
        *("complaints", "candidates"),
        *("due", "idempotency", "erasures"),
    },
    "notifier": {
        *("customers", "preferences", "bad_addresses", "incidents", "notifications", "deliveries", "ticket_links", "returned_mails"),
        *("gates", "approvals", "consent_log", "corrections", "notices", "experiment_arms", "places", "turns"),
        *("engagements", "maintenance"),
        *("customers", "preferences", "bad_addresses", "incidents", "notifications", "ticket_links", "endpoints", "endpoint_missed"),
        *("due", "idempotency", "erasures"),
    },
    "ticketing": {
        *("tickets", "messages", "links", "suggestions", "clocks", "history", "incidents", "impact", "impact_to_match", "told"),
        "erased_messages",
        *("due", "idempotency", "erasures"),
    },
    "console": {
        *("customers", "incidents", "impact", "notifications", "tickets", "messages", "suggestions", "risks", "timeline", "moments"),
        *("candidates", "deliveries", "sessions", "known_browsers", "sign_in_failures", "audit", "changes", "viewing", "acts", "drafts"),
        *("due", "idempotency", "erasures"),
    },
}

MECHANISMS = """
INSERT INTO due (kind, ref, due_at, ready_at) SELECT 'breach_first_response', 'r-' || n, at, at
FROM generate_series(1, 200000) n, LATERAL (SELECT now() + n * interval '1 second' AS at) _;
INSERT INTO due (kind, ref, due_at, ready_at) SELECT 'tidy_tickets', 'r-' || n, now(), now() FROM generate_series(1, 1000) n;
INSERT INTO idempotency (key, route, body_hash, status, response, created_at)
SELECT 'k-' || n, 'POST /v1/tickets', '', 201, '', now() - n * interval '1 second' FROM generate_series(1, 100000) n;
INSERT INTO erasures (customer, erased_at, fact, rows) SELECT sha256(n::text::bytea), now(), '', '{}' FROM generate_series(1, 100000) n;
INSERT INTO outbox (topic, key, value, header_names, header_values) SELECT 't', '', '', '{}', '{}' FROM generate_series(1, 10000);
INSERT INTO offsets (stream, topic, partition, next) SELECT 's', 't', n, 0 FROM generate_series(0, 9) n;
"""

# Of 20,000 incidents 5 are open; 200 touch 1,000 customers each. Twenty rules count in fifty partitions. Of 100,000 risks 2,000 are open.
# Of 20,000 maintenances 5 are to come.
MONITOR = """
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
SELECT 'i-' || n, 'r', 'c-' || n % 50, 'high', '', CASE WHEN n <= 5 THEN 'open' ELSE 'resolved' END, at, at, '{}'
FROM generate_series(1, 20000) n, LATERAL (SELECT now() - n * interval '1 hour' AS at) _;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT 'i-' || 1 + n / 1000, 'c-' || (n * 7919::bigint) % 100000, 'confirmed', now(), now(), 3
FROM generate_series(0, 199999) n;
INSERT INTO complaints (ticket_id, customer_id, component, written_at)
SELECT 't-' || n, 'c-' || (n * 7919::bigint) % 100000, 'c-' || n % 2000, now() - n * interval '30 s' FROM generate_series(1, 100000) n;
INSERT INTO candidates (id, rule, component, severity, symptom, title, status, started_at, found_at, last_at, ended_at, customers, why)
SELECT 'k-' || n, 'r', 'c-' || n % 2000, 'high', 'trouble', '', CASE WHEN n <= 5 THEN 'candidate' ELSE 'withdrawn' END, at, at, at,
    CASE WHEN n > 5 THEN at END, 5, '{}'
FROM generate_series(1, 20000) n, LATERAL (SELECT now() - n * interval '1 hour' AS at) _;
INSERT INTO incident_steps (incident_id, revision, at, kind)
SELECT 'i-' || 1 + n / 20, n % 20, now(), CASE n % 20 WHEN 0 THEN 'opened' ELSE 'changed' END FROM generate_series(0, 199999) n;
INSERT INTO series (rule, component, home, state)
SELECT 'r-' || n % 20, 'c-' || n, n % 50, decode(repeat('00', 200), 'hex') FROM generate_series(1, 100000) n;
INSERT INTO hook_alerts (hook, key, component, name, starts_at, told_at)
SELECT 'h-' || n % 8, 'k-' || n, 'c', 'n', now(), now() FROM generate_series(1, 100000) n;
INSERT INTO fold_seen (partition, slot, part, clock, ids)
SELECT n % 50, n / 3000, n, n / 50, decode(repeat('00', 800), 'hex') FROM generate_series(0, 59999) n;
INSERT INTO fold_cells (partition, rule, start, part, clock, cells)
SELECT n % 50, 'r-' || n / 50 % 20, n / 8000 * 10, n, n / 800, decode(repeat('00', 200), 'hex') FROM generate_series(0, 99999) n;
INSERT INTO fold_tallies (partition, rule, generation, part, rows)
SELECT n % 50, 'r-' || n / 50 % 20, n / 50000, n, decode(repeat('00', 200), 'hex') FROM generate_series(0, 99999) n;
INSERT INTO fold_components (partition, rule, component, watermark, closed, ahead)
SELECT n % 50, 'r-' || n / 50 % 20, 'c-' || n / 1000, n, n, 0 FROM generate_series(0, 99999) n;
INSERT INTO fold_moments (partition, rule, part, rows)
SELECT n % 50, 'r-' || n / 50 % 20, n, decode(repeat('00', 200), 'hex') FROM generate_series(0, 99999) n;
INSERT INTO risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, began_at, last_at,
    raised_at, cleared_at, reason)
SELECT 'k-' || n, 'c-' || (n * 7919::bigint) % 100000, 'r-' || n % 20, 'f', 'v', n % 50, '', 0.5, '{}', '{}', at, at, at,
    CASE WHEN n > 2000 THEN at END, 'recovered'
FROM generate_series(1, 100000) n, LATERAL (SELECT now() - n * interval '1 minute' AS at) _;
INSERT INTO tiers (customer_id, tier, said_at)
SELECT 'c-' || n, CASE WHEN n % 100 = 0 THEN 'gold' ELSE 'free' END, now() FROM generate_series(1, 100000) n;
INSERT INTO renewals (customer_id, renews_at, said_at) SELECT 'c-' || n, '2027-01-31', now() FROM generate_series(1, 100000) n;
INSERT INTO members (incident_id, rule, fingerprint, started_at, said)
SELECT 'i-' || n, 'r-' || rule, '', now(), '{}' FROM generate_series(1, 20000) n, generate_series(1, 2) rule;
INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status, starts_at, ends_at,
    by, created_at)
SELECT 'm-' || n, '', '', '{}', '{}', at, at, 'UTC', CASE WHEN n <= 5 THEN 'planned' WHEN n % 20 = 0 THEN 'cancelled' ELSE 'over' END,
    at, at, '', at
FROM generate_series(1, 20000) n, LATERAL (SELECT now() + interval '5 hours' - n * interval '1 hour' AS at) _;
INSERT INTO maintenance_periods (maintenance_id, starts_at, ends_at, components)
SELECT 'm-' || 1 + n % 20000, at, at + interval '1 hour', '{}'
FROM generate_series(1, 100000) n, LATERAL (SELECT now() + interval '5 hours' - n * interval '10 minutes' AS at) _;
INSERT INTO muted (by, by_id, rule, component, severity, title, started_at, first_at, last_at, why)
SELECT 'parent', 'i-' || 1 + n % 20000, 'r-' || n % 20, 'c-' || n, 'high', '', at, at, at, '{}'
FROM generate_series(1, 100000) n, LATERAL (SELECT now() - n * interval '1 minute' AS at) _;
INSERT INTO aliases (alias, named, leads_to, customer_id, said_by, said_at, before)
SELECT 'a-' || n, 'c-' || n / 3, 'c-' || n / 3, 'c-' || n / 3, CASE WHEN n % 3 = 0 THEN 'customers' ELSE 'events' END,
    now() - n * interval '1 minute', CASE WHEN n % 100 = 0 THEN 'c-' || n ELSE '' END FROM generate_series(1, 100000) n;
INSERT INTO fold_clocks (partition, clock) SELECT n, 0 FROM generate_series(0, 49) n;
INSERT INTO fold_buckets (partition, rule, start, cells)
SELECT n % 50, 'r-' || n / 50 % 20, n / 1000 * 10, decode(repeat('00', 200), 'hex') FROM generate_series(0, 59999) n;
"""

# There are 200,000 notifications to 100,000 customers about 200 incidents; 1,000 still wait,
# 4,000 are suppressed for what monitor said of an open incident, and 20,000 for good.
NOTIFIER = """
INSERT INTO customers (id, updated_at) SELECT 'c-' || n, now() FROM generate_series(1, 100000) n;
INSERT INTO preferences (customer_id, incident) SELECT 'c-' || n, false FROM generate_series(1, 50000) n;
INSERT INTO bad_addresses (customer_id, address, detail) SELECT 'c-' || n, 'a', '' FROM generate_series(1, 50000) n;
INSERT INTO incidents (id, rule, component, severity, title, started_at, status, resolved_at)
SELECT 'i-' || n, 'r', 'c', 'high', '', now(), CASE WHEN n <= 5 THEN 'open' ELSE 'resolved' END, CASE WHEN n > 5 THEN now() END
FROM generate_series(1, 10000) n;
INSERT INTO notifications (id, customer_id, kind, incident_id, ticket_id, gate, about_at,
    status, reason, awaits_incident, sent_at, settled_at, created_at)
SELECT 'n-' || n, 'c-' || (n * 7919::bigint) % 100000, 'opened', 'i-' || 1 + n / 1000, CASE WHEN n % 10 = 0 THEN 't-' || n END,
    CASE WHEN n % 10 > 0 THEN 'i-' || 1 + n / 1000 END, at,
    status, CASE WHEN status = 'suppressed' THEN CASE WHEN n < 5000 THEN 'stale' ELSE 'capped' END END, status = 'suppressed' AND n < 5000,
    CASE WHEN status = 'delivered' THEN at END, CASE WHEN status <> 'waiting' THEN at END, at
FROM generate_series(0, 199999) n, LATERAL (SELECT now() - n * interval '1 second' AS at,
    CASE WHEN n < 1000 THEN 'waiting' WHEN n < 5000 OR n % 20 = 0 THEN 'suppressed' ELSE 'delivered' END AS status) _;
INSERT INTO maintenance (id, maintenance_id, revision, status, title, text, components, audience, starts_at, ends_at, called, news, news_at,
    news_by, hops)
SELECT 'm-' || n / 10 || '/' || n % 10, 'm-' || n / 10, n % 10, 'over', '', '', '{}', '{}', now(), now(), 0, 0, now(), '', 0
FROM generate_series(1, 20000) n;
INSERT INTO notifications (id, customer_id, kind, period, about_at, status, settled_at, created_at)
SELECT 'p-' || n, 'c-' || n, 'maintenance_planned', 'm-' || n / 1000 || '/0', now(), 'delivered', now(), now() - interval '3 days'
FROM generate_series(1, 50000) n;
INSERT INTO returned_mails (id, notification_id, channel, kind, code, received_at)
SELECT 'r-' || n, 'n-' || n, 'email', (ARRAY['address', 'refused', 'transient', 'complaint'])[1 + n % 4], '',
    now() - n * interval '1 minute'
FROM generate_series(1, 100000) n;
INSERT INTO channel_brakes (channel, level) VALUES ('email', 'ok');
INSERT INTO deliveries (notification_id, channel, address, status, began_at)
SELECT id, 'email', 'a', 'delivered', created_at FROM notifications;
INSERT INTO places (place, notification_id, at) SELECT sha256(id::bytea), id, created_at FROM notifications;
INSERT INTO turns (scope, minute, asked) SELECT 'incident i-' || n, now() - n * interval '1 minute', n FROM generate_series(1, 100000) n;
INSERT INTO engagements (notification_id, what, answer, at)
SELECT 'n-' || n, 'helped', CASE WHEN n % 3 = 0 THEN 'no' ELSE 'yes' END, now() - n * interval '1 minute' FROM generate_series(1, 100000) n;
INSERT INTO ticket_links (incident_id, customer_id, ticket_id, ticket_number)
SELECT 'i-' || 1 + n / 100, 'c-' || (n * 7919::bigint) % 100000, 't-' || n, n FROM generate_series(1, 200000) n;
INSERT INTO notices (id, about, subject, body, at)
SELECT 'n-' || n, 'incidents', '', '', now() - n * interval '1 minute' FROM generate_series(1, 100000) n;
INSERT INTO endpoints (id, customer_id, url) SELECT 'e-' || n, 'c-' || n, 'https://example.com/' || n FROM generate_series(1, 50000) n;
INSERT INTO endpoint_missed (endpoint_id, notification_id, customer_id, body, missed_at)
SELECT 'e-' || n % 1000, 'n-' || n, 'c-' || n % 1000, '{}', now() - n * interval '1 second' FROM generate_series(1, 100000) n;
INSERT INTO due (kind, ref, due_at, ready_at) SELECT 'delivery', 'n-' || n, at, at
FROM generate_series(0, 99999) n, LATERAL (SELECT now() + n * interval '1 second' AS at) _;
INSERT INTO gates (id, rule, total, opened_at)
SELECT 'i-' || n, 'r-' || n % 50, n % 900, now() - n * interval '10 minutes' FROM generate_series(1, 100000) n;
INSERT INTO approvals (id, gate, round, status, asked_at, expires_at)
SELECT 'a-' || n, 'i-' || n, 1, CASE WHEN n < 10 THEN 'waiting' ELSE 'approved' END, at, at + interval '4 hours'
FROM generate_series(1, 50000) n, LATERAL (SELECT now() - n * interval '20 minutes' AS at) _;
INSERT INTO consent_log (at, by, act, subject, reason)
SELECT now() - n * interval '1 minute', 'p-1', 'approved', 'gate i-' || n, '' FROM generate_series(1, 100000) n;
INSERT INTO experiment_arms (customer_id, experiment, arm) SELECT 'c-' || n, 'e-' || n % 20, 'told' FROM generate_series(1, 100000) n;
INSERT INTO corrections (id, incident_id, subject, body, by, at)
SELECT 'k-' || n, 'i-' || n, '', '', 'p-1', now() - n * interval '1 hour' FROM generate_series(1, 50000) n;
"""

# There are 200,000 tickets of 100,000 customers, of which 4,000 are not closed; 200 incidents touch 1,000 customers each.
TICKETING = """
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, status, assignee, incident_id,
    opened_at, changed_at, resolved_at)
SELECT 't-' || n, 1000 + n, 'c-' || (n * 7919::bigint) % 100000, 'form', 's', CASE WHEN n % 2 = 0 THEN 'part-' || n % 200 END, 'normal',
    CASE WHEN n <= 196000 THEN 'closed' ELSE (ARRAY['open', 'in_progress', 'waiting', 'resolved'])[1 + n % 4] END,
    CASE WHEN n % 3 = 0 THEN 'agent-' || n % 300 END, CASE WHEN n % 4 = 0 THEN 'i-' || 1 + n / 1000 END, at, at, at
FROM generate_series(1, 200000) n, LATERAL (SELECT now() - (200000 - n) * interval '30 seconds' AS at) _;
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at)
SELECT 't-' || n, 'first_response', now(), now(), now() FROM generate_series(1, 150000) n;
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || n, 't-' || n, now(), 'customer', 'c', 'request', '', 'word' || n % 50000 FROM generate_series(1, 150000) n;
INSERT INTO links (ticket_id, incident_id, reasons, linked_at, ended_revision)
SELECT 't-' || n * 4, 'i-' || 1 + n / 250, '{}', now(), CASE WHEN n < 99000 THEN 1 ELSE -1 END FROM generate_series(1, 100000) n;
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at)
SELECT 't-' || n * 4 + 1, 'i-' || 1 + n / 100, 0.1, '{}', now() FROM generate_series(1, 100000) n;
INSERT INTO history (ticket_id, at, who, what, detail) SELECT 't-' || n, now(), 'w', 'opened', '{}' FROM generate_series(1, 200000) n;
INSERT INTO incidents (id, rule, component, severity, title, started_at, resolved_at)
SELECT 'i-' || n, 'r', 'c', 'high', '', now(), CASE WHEN n > 5 THEN now() - n * interval '1 hour' END FROM generate_series(1, 10000) n;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT 'i-' || 1 + n / 1000, 'c-' || (n * 7919::bigint) % 100000, 'confirmed', now(), now(), 3
FROM generate_series(0, 199999) n;
INSERT INTO told (incident_id, customer_id, told_at)
SELECT 'i-' || 1 + n / 1000, 'c-' || (n * 7919::bigint) % 100000, now() FROM generate_series(0, 199999) n;
INSERT INTO impact_to_match (id, incident_id, customers, hops)
SELECT 'f-' || n, 'i-' || n / 200, ARRAY['c-' || n], 0 FROM generate_series(1, 50000) n;
INSERT INTO erased_messages (id) SELECT 'e-' || n FROM generate_series(1, 100000) n;
"""

# Of 100,000 incidents 10,000 are open, 200 touch 1,000 customers each; of 200,000 tickets 4,000 are not closed. A thousand people have
# signed in fifty times each, and acted a hundred times.
CONSOLE = """
INSERT INTO customers (id, addresses, updated_at) SELECT 'c-' || n, ARRAY[n || '@example.com'], now() FROM generate_series(1, 100000) n;
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, ended_at, silent_since, revision, said_at)
SELECT 'i-' || n, 'r', 'c-' || n % 50, 'high', '', CASE WHEN n % 10 = 0 THEN 'open' ELSE 'resolved' END, at, at,
    CASE WHEN n % 10 > 0 THEN at END, CASE WHEN n % 100 = 0 THEN at END, 1, at
FROM generate_series(1, 100000) n, LATERAL (SELECT now() - n * interval '1 hour' AS at) _;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at, told_at, untold_reason,
    notification_id, wrote_at, ticket_id)
SELECT 'i-' || 1 + n / 1000, 'c-' || (n * 7919::bigint) % 100000, 'confirmed', at, at, 3, at, CASE WHEN n % 4 > 0 THEN at END,
    CASE WHEN n % 4 = 0 THEN 'capped' END, 'n-' || n, CASE WHEN n % 10 = 0 THEN at END, CASE WHEN n % 10 = 0 THEN 't-' || n END
FROM generate_series(0, 199999) n, LATERAL (SELECT now() - n * interval '4 seconds' AS at) _;
INSERT INTO notifications (id, customer_id, kind, incident_id, ticket_id, status, channel, at)
SELECT 'n-' || n, 'c-' || (n * 7919::bigint) % 100000, 'opened', 'i-' || 1 + n / 1000, CASE WHEN n % 10 = 0 THEN 't-' || n END,
    (ARRAY['suppressed', 'failed', 'delivered', 'delivered'])[1 + n % 4], 'email', now() - n * interval '10 seconds'
FROM generate_series(0, 199999) n;
INSERT INTO tickets (id, number, customer_id, status, assignee, incident_id, opened_at, changed_at, due_at, responded_at)
SELECT 't-' || n, 1000 + n, 'c-' || (n * 7919::bigint) % 100000,
    CASE WHEN n <= 196000 THEN 'closed' ELSE (ARRAY['open', 'in_progress', 'waiting', 'resolved'])[1 + n % 4] END,
    CASE WHEN n % 3 = 0 THEN 'p-' || n % 300 END, CASE WHEN n % 4 < 2 THEN 'i-' || 1 + n / 1000 END, at, at, at,
    CASE WHEN n % 5 > 0 THEN at END
FROM generate_series(1, 200000) n, LATERAL (SELECT now() - (200000 - n) * interval '30 seconds' AS at) _;
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || n, 't-' || n, now(), 'customer', 'c', 'request', '', '' FROM generate_series(1, 200000) n;
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at)
SELECT 't-' || n * 4 + 1, 'i-' || 1 + n / 100, 0.1, '{}', now() FROM generate_series(1, 100000) n;
INSERT INTO risks (customer_id, rule, score, raised_at, cleared_at)
SELECT 'c-' || n, 'r', 1, now(), now() FROM generate_series(1, 100000) n;
INSERT INTO candidates (id, rule, component, title, status, customers, found_at, said_at, note, revision)
SELECT 'i-' || n, 'r', 'c', 't', CASE WHEN n % 5000 = 0 THEN 'candidate' ELSE 'withdrawn' END, 5, now(), now(), '', 1
FROM generate_series(1, 100000) n;
INSERT INTO timeline (id, at, service, what, incident_id, ticket_id)
SELECT 'f-' || n, now(), CASE WHEN n % 2 = 0 THEN 'monitor' ELSE 'ticketing' END, 'w', 'i-' || 1 + n / 300,
    CASE WHEN n % 2 = 1 THEN 't-' || n END
FROM generate_series(1, 150000) n;
INSERT INTO moments (incident_id, second, what, customers)
SELECT 'i-' || 1 + n / 300, now() + n * interval '1 second', 'touched', 3 FROM generate_series(1, 150000) n;
INSERT INTO ticket_counts (status, incident_id, assignee, tickets)
SELECT status, 'i-' || n, '', 3 FROM generate_series(1, 3000) n, unnest(ARRAY['open', 'in_progress', 'waiting']) AS status;
INSERT INTO deliveries (minute, status, channel, reason, notifications)
SELECT date_trunc('minute', now()) - n / 4 * interval '1 minute', (ARRAY['suppressed', 'failed', 'delivered', 'queued'])[1 + n % 4],
    'email', '', 9
FROM generate_series(1, 200000) n;
INSERT INTO people (name, role, created_by) SELECT 'p-' || n, 'agent', 'p-1' FROM generate_series(1, 1000) n;
INSERT INTO sessions (digest, person, via) SELECT sha256(n::text::bytea), 'p-' || 1 + n % 1000, 'link' FROM generate_series(1, 50000) n;
INSERT INTO known_browsers (digest, person) SELECT sha256(n::text::bytea), 'p-' || 1 + n % 1000 FROM generate_series(1, 50000) n;
INSERT INTO sign_in_failures (key) SELECT sha256(n::text::bytea) FROM generate_series(1, 50000) n;
INSERT INTO audit (person, role, act, subject, outcome, form_id)
SELECT 'p-' || n % 1000, 'agent', 'act-' || n % 20, CASE WHEN n % 10 = 0 THEN 'customer:c-' ELSE 'ticket:' END || n, 'done', 'f-' || n
FROM generate_series(1, 100000) n;
INSERT INTO changes (key) SELECT 'ticket:t-' || n FROM generate_series(1, 100000) n;
INSERT INTO viewing (ticket_id, stream, person)
SELECT 't-' || n, gen_random_uuid(), 'p-' || n % 1000 FROM generate_series(1, 50000) n;
INSERT INTO acts (form_id, person, act, asked, role, subject, under_way, leased_until)
SELECT 'f-' || n, 'p-' || n % 1000, 'act-' || n % 20, '', 'agent', 'ticket:t-' || n, n < 100, now() FROM generate_series(1, 50000) n;
INSERT INTO drafts (person, place, customer_id, text)
SELECT 'p-' || n % 1000, 'ticket:t-' || n || ':reply', 'c-' || n, 'text' FROM generate_series(1, 50000) n;
"""

FILL = {"monitor": MONITOR, "notifier": NOTIFIER, "ticketing": TICKETING, "console": CONSOLE}
