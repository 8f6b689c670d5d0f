"""The console's read model after long use, and what the queries that write it are explained with."""

GROWING = {
    *("customers", "incidents", "impact", "notifications", "tickets", "messages", "suggestions", "risks", "timeline", "moments"),
}

# Of 10,000 incidents 5 are open, and 1,000 touch 1,000 customers each; of a million tickets 10,000 are not closed.
FILL = """
INSERT INTO customers (id, name, contacts, addresses, updated_at)
SELECT 'c-' || n, 'n', '[]', ARRAY['c-' || n || '@example.org'], now() FROM generate_series(1, 300000) n;
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, ended_at, revision, said_at)
SELECT 'i-' || n, 'r', 'c-' || n % 50, 'high', '', CASE WHEN n <= 5 THEN 'open' ELSE 'resolved' END, at, at,
    CASE WHEN n > 5 THEN at END, 1, at
FROM generate_series(1, 10000) n, LATERAL (SELECT now() - n * interval '1 hour' AS at) _;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at, told_at, untold_reason, wrote_at)
SELECT 'i-' || 1 + n / 1000, 'c-' || (n * 7919::bigint) % 100000, 'confirmed', at, at, 3, at, CASE WHEN n % 10 < 8 THEN at END,
    CASE WHEN n % 10 = 8 THEN (ARRAY['capped', 'opted_out', 'stale'])[1 + n % 3] END, CASE WHEN n % 20 = 0 THEN at END
FROM generate_series(0, 999999) n, LATERAL (SELECT now() - (1 + n / 1000) * interval '1 hour' + n % 1000 * interval '1 second' AS at) _;
INSERT INTO notifications (id, customer_id, kind, incident_id, ticket_id, status, at, subject)
SELECT 'n-' || n, 'c-' || (n * 7919::bigint) % 100000, 'opened', CASE WHEN n % 3 < 2 THEN 'i-' || 1 + n / 300 END,
    CASE WHEN n % 3 = 2 THEN 't-' || n END, CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'delivered' END, at,
    CASE WHEN n < 50000 THEN 's' ELSE '' END
FROM generate_series(0, 299999) n, LATERAL (SELECT now() - n * interval '1 minute' AS at) _;
INSERT INTO tickets (id, number, customer_id, status, assignee, incident_id, opened_at, changed_at, due_at, responded_at)
SELECT 't-' || n, n, 'c-' || (n * 7919::bigint) % 100000,
    CASE WHEN n <= 990000 THEN 'closed' ELSE (ARRAY['open', 'in_progress', 'waiting', 'resolved'])[1 + n % 4] END,
    CASE WHEN n % 3 = 0 THEN 'agent-' || n % 300 END, CASE WHEN n % 4 = 0 THEN 'i-' || 1 + n / 1000 END, at, at, at,
    CASE WHEN n % 2 = 0 THEN at END
FROM generate_series(1, 1000000) n, LATERAL (SELECT now() - (1000000 - n) * interval '30 seconds' AS at) _;
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || n, 't-' || n, now(), 'customer', 'c', 'request', '', '' FROM generate_series(1, 300000) n;
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at)
SELECT 't-' || n * 4 + 1, 'i-' || 1 + n / 100, 0.1, '{}', now() FROM generate_series(1, 100000) n;
INSERT INTO risks (customer_id, rule, score, raised_at, cleared_at)
SELECT 'c-' || n, 'r-' || n % 5, 0.5, now() - n * interval '1 minute', CASE WHEN n > 1000 THEN now() END FROM generate_series(1, 100000) n;
INSERT INTO timeline (id, at, service, what, incident_id, ticket_id)
SELECT 'l-' || n, now() - n * interval '1 second', CASE WHEN n % 10 = 0 THEN 'monitor' ELSE 'ticketing' END, 'w',
    CASE WHEN n % 4 < 2 THEN 'i-' || 1 + n / 50 END, CASE WHEN n % 10 > 0 THEN 't-' || n END FROM generate_series(1, 300000) n;
INSERT INTO moments (incident_id, second, what, customers)
SELECT 'i-' || 1 + n / 30, now() - n * interval '1 second', 'touched', 3 FROM generate_series(1, 200000) n;
INSERT INTO ticket_counts (status, incident_id, assignee, tickets)
SELECT (ARRAY['open', 'in_progress', 'waiting'])[1 + n % 3], 'i-' || n / 3, 'agent-' || n % 300, 1 FROM generate_series(1, 20000) n;
"""

TEXTS = "ARRAY['t-7']"
NOW = "ARRAY[now()]"

# What takes over rows that the topics no longer have reads all that is older, in a rebuild.
TAKING = (
    *("take_incidents", "take_impact", "take_notifications", "take_told", "take_tickets", "take_messages", "take_suggestions"),
    *("take_risks", "take_lines_of_monitor", "take_lines_of_ticketing"),
)
PERSONAL = ("entry", "messages", "suggestions", "lines", "tickets", "notifications", "impact", "risks")

PARAMETERS: dict[str, str | tuple[str, ...]] = {
    "incidents_known": "ARRAY['i-7', 'i-8']",
    "save_incidents": f"ARRAY['i'], {', '.join(['ARRAY[$$x$$]'] * 6)}, {NOW}, {NOW}, ARRAY[1], {NOW}, {NOW}, {NOW}, {NOW},"
    " ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[0.1], ARRAY['{}'::jsonb]",
    "touch": f"ARRAY['i-1'], ARRAY['c-1'], ARRAY['likely'], {NOW}, {NOW}, ARRAY[1], {NOW}",
    "tell": f"ARRAY['i-1'], ARRAY['c-1'], {NOW}, ARRAY[''], ARRAY['n-1']",
    "settle_notifications": f"ARRAY['n'], {', '.join(['ARRAY[$$x$$]'] * 7)}, {NOW}, ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['{{}}'::jsonb],"
    " ARRAY['']",
    "unsubscribe": f"ARRAY['n-7'], {NOW}",
    "tickets_known": "ARRAY['t-7', 't-8']",
    "save_tickets": f"ARRAY['t'], ARRAY[1]::bigint[], ARRAY['c'], {NOW}, {NOW}, {', '.join(['ARRAY[$$x$$]'] * 7)}, {NOW}, {NOW}, {NOW},"
    f" {NOW}, {NOW}, {NOW}, ARRAY[''], ARRAY[true], {NOW}, ARRAY[0], {NOW}, ARRAY['']",
    "add_messages": f"ARRAY['m'], {TEXTS}, {NOW}, {', '.join(['ARRAY[$$x$$]'] * 6)}",
    "suggest": f"{TEXTS}, ARRAY['i'], ARRAY[0.1], ARRAY['[]'], {NOW}",
    "drop_suggestions": f"{TEXTS}, ARRAY['i-7']",
    "put_customers": f"ARRAY['c'], {NOW}, ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['[]'], ARRAY['{{}}'::jsonb],"
    " ARRAY[''], ARRAY[0.1], ARRAY[current_date], ARRAY['[]']",
    "forget_customers": "ARRAY['c-7']",
    "risks_of": "ARRAY['c-7']",
    "save_risks": f"ARRAY['c'], ARRAY['r'], ARRAY[0.1], ARRAY['{{}}'::jsonb], ARRAY['[]'], {NOW}, {NOW}, ARRAY['']",
    "add_lines": f"ARRAY['l'], {NOW}, ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['{{}}'::jsonb], ARRAY['[]']",
    **dict.fromkeys(TAKING, "-"),
    **dict.fromkeys((name for each in PERSONAL for name in (f"show_{each}", f"erase_{each}")), "'c-7919'"),
}
