"""Rows of each table that retention bounds: old ones, young ones, and old ones that are still needed."""

PERSON = "WITH person AS (INSERT INTO people (name, role, created_by) VALUES ('ada', 'agent', 'eve') ON CONFLICT DO NOTHING) "
MAINTENANCE = """{first}INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status,
    starts_at, ends_at, by, created_at)
    SELECT {ids}, '', '', '{{}}', '{{}}', now(), now(), 'UTC', CASE WHEN $3 = 'needed' THEN 'planned' ELSE 'over' END,
        now(), now() - $2::interval, 'ada', now() FROM generate_series(1, $1::int) n{rest}"""
PERIODS = """ RETURNING id) INSERT INTO maintenance_periods (maintenance_id, starts_at, ends_at, components)
    SELECT id, now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END, '{}' FROM whole"""

SEEDS = {
    ("monitor", "idempotency"): """INSERT INTO idempotency (key, route, body_hash, status, response, created_at)
        SELECT $3 || n, '', '', 200, '', now() - $2::interval FROM generate_series(1, $1::int) n""",
    ("monitor", "impact"): """INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, written_at)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, 'confirmed', now(), now(), 1, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("monitor", "incidents"): """INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
        SELECT $3 || n, 'r', 'c', 'high', '', CASE WHEN $3 = 'needed' THEN 'open' ELSE 'resolved' END, now(), now() - $2::interval, '{}'
        FROM generate_series(1, $1::int) n""",
    ("monitor", "maintenance"): MAINTENANCE.format(first="", ids="$3 || n", rest=""),
    ("monitor", "maintenance_periods"): MAINTENANCE.format(first="WITH whole AS (", ids="'m' || $3 || n", rest=PERIODS),
    ("monitor", "complaints"): """INSERT INTO complaints (ticket_id, customer_id, component, written_at, heard_at)
        SELECT $3 || n, 'c', 'c', now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("monitor", "candidates"): """INSERT INTO candidates (id, rule, component, severity, symptom, title, status, started_at, found_at,
        last_at, customers, why)
        SELECT $3 || n, 'r', $3 || n, 'high', '', '', CASE WHEN $3 = 'needed' THEN 'candidate' ELSE 'withdrawn' END, now(),
            now() - $2::interval, now(), 5, '{}' FROM generate_series(1, $1::int) n""",
    ("monitor", "muted"): """INSERT INTO muted (by, by_id, rule, component, severity, title, started_at, first_at, last_at, why)
        SELECT 'parent', $3 || n, 'r', 'c', 'high', '', now(), now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END, '{}'
        FROM generate_series(1, $1::int) n""",
    ("monitor", "aliases"): """INSERT INTO aliases (alias, named, leads_to, customer_id, said_by, said_at)
        SELECT $3 || n, 'c', CASE WHEN n % 2 = 0 THEN 'c' ELSE $3 || n END, 'c',
            CASE WHEN $3 = 'needed' THEN 'customers' WHEN n % 2 = 0 THEN 'events' ELSE 'customers' END,
            CASE WHEN $3 = 'needed' AND n % 2 = 1 THEN now() ELSE now() - $2::interval END FROM generate_series(1, $1::int) n""",
    ("monitor", "hook_alerts"): """INSERT INTO hook_alerts (hook, key, component, name, starts_at, told_at)
        SELECT 'h', $3 || n, 'c', '', now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("monitor", "risks"): """INSERT INTO risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions,
            evidence, began_at, last_at, raised_at, cleared_at)
        SELECT $3 || n, $3 || n, 'r', '', '', 0, '', 1, '{}', '{}', now(), now(), now(),
            CASE WHEN $3 <> 'needed' THEN now() - $2::interval END FROM generate_series(1, $1::int) n""",
    ("monitor", "series"): """INSERT INTO series (rule, component, home, state, changed_on)
        SELECT 'r', CASE WHEN $3 = 'needed' THEN 'open' ELSE $3 || n END, 0, '', now() - $2::interval
        FROM generate_series(1, CASE WHEN $3 = 'needed' THEN 1 ELSE $1::int END) n""",
    ("monitor", "expected"): """INSERT INTO expected (rule, component, fingerprint, since, heard_at)
        SELECT 'r', CASE WHEN $3 = 'needed' THEN 'open' ELSE $3 || n END, '', now(), now() - $2::interval
        FROM generate_series(1, CASE WHEN $3 = 'needed' THEN 1 ELSE $1::int END) n""",
    ("notifier", "notifications"): """INSERT INTO notifications
            (id, customer_id, kind, incident_id, about_at, status, settled_at, created_at, sent_at, evidence, why, attempts)
        SELECT $3 || n, 'c-' || n, 'opened', CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, now(), 'delivered',
            now() - $2::interval, now() - $2::interval, now(), '{}', '{}', '[{}]' FROM generate_series(1, $1::int) n""",
    ("notifier", "returned_mails"): """INSERT INTO returned_mails (id, notification_id, channel, kind, code, received_at)
        SELECT $3 || n, 'n-' || n, 'email', 'address', '', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "deliveries"): """WITH told AS (
        INSERT INTO notifications (id, customer_id, kind, about_at, status) SELECT $3 || n, 'c', 'opened', now(), 'delivered'
        FROM generate_series(1, $1::int) n RETURNING id)
        INSERT INTO deliveries (notification_id, channel, address, status, began_at)
        SELECT id, 'email', 'a', CASE WHEN $3 = 'needed' THEN 'unknown' ELSE 'delivered' END, now() - $2::interval FROM told""",
    ("notifier", "places"): """INSERT INTO places (place, notification_id, at)
        SELECT sha256(($3 || n)::bytea), 'n-' || n, CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "turns"): """INSERT INTO turns (scope, minute, asked)
        SELECT $3 || n, CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END, n FROM generate_series(1, $1::int) n""",
    ("notifier", "engagements"): """WITH told AS (
        INSERT INTO notifications (id, customer_id, kind, about_at, status) SELECT $3 || n, 'c', 'resolved', now(), 'delivered'
        FROM generate_series(1, $1::int) n RETURNING id)
        INSERT INTO engagements (notification_id, what, answer, at)
        SELECT id, 'helped', 'yes', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END FROM told""",
    ("notifier", "ticket_links"): """INSERT INTO ticket_links (incident_id, customer_id, ticket_id, ticket_number, linked_at)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, 't-' || n, n, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("notifier", "experiment_arms"): """INSERT INTO experiment_arms (customer_id, experiment, arm, entered_at)
        SELECT $3 || n, 'e', 'told', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "outcomes"): """INSERT INTO outcomes (minute, channel, outcome, notifications)
        SELECT CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END, $3 || n, 'sent', 1 FROM generate_series(1, $1::int) n""",
    ("notifier", "notices"): """INSERT INTO notices (id, about, subject, body, at, written_at)
        SELECT $3 || n, 'incidents', '', '', now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "endpoint_missed"): """INSERT INTO endpoint_missed (endpoint_id, notification_id, customer_id, body, missed_at)
        SELECT $3 || n, 'n', 'c', '{}', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "incidents"): """INSERT INTO incidents (id, rule, component, severity, title, started_at, status, written_at)
        SELECT $3 || n, 'r', 'c', 'high', '', now(), CASE WHEN $3 = 'needed' THEN 'open' ELSE 'resolved' END, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("notifier", "maintenance"): """INSERT INTO maintenance (id, maintenance_id, revision, status, title, text, components, audience,
            starts_at, ends_at, called, news, news_at, news_by, hops, written_at)
        SELECT $3 || n, $3 || n, 0, CASE WHEN $3 = 'needed' THEN 'planned' ELSE 'over' END, '', '', '{}', '{}', now(), now(), 0, 0,
            now(), '', 0, now() - $2::interval FROM generate_series(1, $1::int) n""",
    ("notifier", "gates"): """WITH new AS (
        INSERT INTO gates (id, rule, opened_at) SELECT $3 || n, 'r', now() - $2::interval FROM generate_series(1, $1::int) n RETURNING id)
        INSERT INTO notifications (id, customer_id, kind, gate, about_at)
        SELECT id, 'c', 'opened', id, now() FROM new WHERE $3 = 'needed'""",
    ("notifier", "corrections"): """INSERT INTO corrections (id, incident_id, subject, body, by, at)
        SELECT $3 || n, 'i', '', '', 'ada', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "consent_log"): """INSERT INTO consent_log (by, act, subject, reason, at)
        SELECT 'ada', '', $3 || n, '', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("ticketing", "tickets"): """INSERT INTO tickets (id, number, customer_id, channel, subject, priority, status, opened_at, changed_at)
        SELECT $3 || n, hashtext($3)::bigint * 1000000 + n, 'c', 'form', '', 'normal',
            CASE WHEN $3 = 'needed' THEN 'waiting' ELSE 'closed' END, now(), now() - $2::interval FROM generate_series(1, $1::int) n""",
    ("ticketing", "impact"): """INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, written_at)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, 'confirmed', now(), now(), 1, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("ticketing", "told"): """INSERT INTO told (incident_id, customer_id, told_at)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, now() - $2::interval FROM generate_series(1, $1::int) n""",
    ("ticketing", "incidents"): """INSERT INTO incidents (id, rule, component, severity, title, started_at, resolved_at, written_at)
        SELECT $3 || n, 'r', 'c', 'high', '', now(), CASE WHEN $3 <> 'needed' THEN now() END, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("ticketing", "heard"): """INSERT INTO heard (fact_id, heard_at)
        SELECT $3 || n, CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END FROM generate_series(1, $1::int) n""",
    ("ticketing", "erased_messages"): """INSERT INTO erased_messages (id, erased_at)
        SELECT $3 || n, CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END FROM generate_series(1, $1::int) n""",
    ("console", "sessions"): PERSON  # noqa: S608
    + """INSERT INTO sessions (digest, person, via, created_at) SELECT convert_to($3 || n, 'UTF8'), 'ada', 'link',
        CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "entry_links"): PERSON  # noqa: S608
    + """INSERT INTO entry_links (digest, person, created_at) SELECT convert_to($3 || n, 'UTF8'), 'ada',
        CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "known_browsers"): PERSON  # noqa: S608
    + """INSERT INTO known_browsers (digest, person, used_at) SELECT convert_to($3 || n, 'UTF8'), 'ada',
        CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "provider_attempts"): """INSERT INTO provider_attempts (digest, state, nonce, verifier, next, created_at)
        SELECT convert_to($3 || n, 'UTF8'), '', '', '', '/', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "sign_in_failures"): """INSERT INTO sign_in_failures (key, failed_at)
        SELECT convert_to($3 || n, 'UTF8'), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "audit"): """INSERT INTO audit (person, role, act, subject, outcome, at)
        SELECT 'ada', 'agent', 'reply', $3 || n, 'done', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "changes"): """INSERT INTO changes (key, at)
        SELECT $3 || n, CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "viewing"): """INSERT INTO viewing (ticket_id, stream, person, seen_at)
        SELECT $3 || n, gen_random_uuid(), 'ada', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "acts"): """INSERT INTO acts (form_id, person, act, asked, role, subject, leased_until, begun_at)
        SELECT $3 || n, 'ada', 'reply', '', 'agent', 'ticket:t-1', now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "awaited"): """INSERT INTO awaited (key, form_id, answer, by, said, at)
        SELECT $3 || n, '', '{}', 'ada', '', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "drafts"): """INSERT INTO drafts (person, place, text, at)
        SELECT 'ada', $3 || n, 'text', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("console", "notifications"): """INSERT INTO notifications (id, customer_id, kind, incident_id, status, at, subject)
        SELECT $3 || n, 'c-' || n, 'opened', CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, 'delivered', now() - $2::interval, 's'
        FROM generate_series(1, $1::int) n""",
    ("console", "impact"): """INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, 'confirmed', now() - $2::interval, now() - $2::interval, 1
        FROM generate_series(1, $1::int) n""",
    ("console", "incidents"): """INSERT INTO incidents
            (id, rule, component, severity, title, status, started_at, opened_at, ended_at, revision, said_at)
        SELECT $3 || n, 'r', 'c', 'high', '', CASE WHEN $3 = 'needed' THEN 'open' ELSE 'resolved' END, now(), now(),
            CASE WHEN $3 <> 'needed' THEN now() - $2::interval END, 1, now()
        FROM generate_series(1, $1::int) n""",
    ("console", "tickets"): """INSERT INTO tickets (id, number, customer_id, status, opened_at, changed_at)
        SELECT $3 || n, hashtext($3)::bigint * 1000000 + n, 'c', CASE WHEN $3 = 'needed' THEN 'waiting' ELSE 'closed' END, now(),
            now() - $2::interval FROM generate_series(1, $1::int) n""",
    ("console", "candidates"): """INSERT INTO candidates (id, rule, component, title, status, customers, found_at, said_at, note, revision)
        SELECT $3 || n, 'r', 'c', 't', CASE WHEN $3 = 'needed' THEN 'candidate' ELSE 'withdrawn' END, 5, now(), now() - $2::interval, '', 1
        FROM generate_series(1, $1::int) n""",
    ("console", "risks"): """INSERT INTO risks (customer_id, rule, score, raised_at, cleared_at)
        SELECT $3 || n, 'r', 1, now(), CASE WHEN $3 <> 'needed' THEN now() - $2::interval END FROM generate_series(1, $1::int) n""",
}
