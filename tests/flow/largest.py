"""The largest data there can be in each service's tables, and where each route shows it. A new route that can be read needs a line here."""

from hashlib import md5, sha256
from typing import Any

import msgspec

from services.notifier.links import Links, Use, What
from services.notifier.public.links import Right, token_for
from shared.cloudevents import write_event
from shared.http import documentation
from tests.builders import event
from tests.flow.every_service import LINK_SECRET, PAGES

DRAFT = "rules: [] # " + "𠀀" * 99_980  # as many characters as rules may have
EVENT = msgspec.json.decode(write_event(event()))

# Names of 255 characters, words as many as REST and support.requests.v1 take, and texts of 80 kB that an event may have in any
# of its fields (indexes hardly take more): all in the characters that are the longest in UTF-8, or in JSON.
WORDS = """
CREATE FUNCTION pg_temp.named(it text) RETURNS text LANGUAGE sql AS $$ SELECT left(it || '-' || repeat('𠀀', 255), 255) $$;
CREATE FUNCTION pg_temp.words(count int) RETURNS text LANGUAGE sql AS $$ SELECT repeat(E'\\x01', count) $$;
CREATE FUNCTION pg_temp.text_of_event() RETURNS text LANGUAGE sql AS $$ SELECT repeat('𠀀', 20000) $$;
CREATE FUNCTION pg_temp.at(seconds int) RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT timestamptz '2026-11-24 10:00Z' + seconds * interval '1 s' $$;
"""

MONITOR = """
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, ended_at, why, note, ended_by, affected)
SELECT 'i-' || n, 'r', pg_temp.text_of_event(), 'critical', pg_temp.text_of_event() || ' is failing', 'dismissed', pg_temp.at(0),
    pg_temp.at(n), pg_temp.at(n), '{"ratio": 0.5}', pg_temp.words(2000), 'operator', 500000 FROM generate_series(1, 510) n;
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
SELECT id, 'r', pg_temp.text_of_event(), 'critical', pg_temp.text_of_event(), 'open', pg_temp.at(0), pg_temp.at(0), '{}'
FROM unnest(ARRAY['open', 'open too', 'open three']) AS id;
INSERT INTO candidates (id, rule, component, severity, symptom, title, started_at, found_at, last_at, customers, why)
SELECT 'candidate', 'r', pg_temp.text_of_event(), 'critical', 'trouble', pg_temp.text_of_event(), pg_temp.at(0), pg_temp.at(0),
    pg_temp.at(0), 5, '{}';
INSERT INTO incident_steps (incident_id, revision, at, kind, person, said, why)
SELECT 'i-1', n, pg_temp.at(n), 'updated', pg_temp.text_of_event(), jsonb_build_object('words', pg_temp.words(2000)),
    jsonb_build_object('alerts', pg_temp.words(5000)) FROM generate_series(1, 500) n;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT 'i-1', pg_temp.named(n::text), 'confirmed', pg_temp.at(0), pg_temp.at(0), 2147483647 FROM generate_series(1, 20000) n;
INSERT INTO risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, began_at, last_at,
    raised_at, cleared_at, reason, cleared_by, note)
SELECT 'k-' || n, pg_temp.named(n::text), 'r', 'f', 'v', 0, pg_temp.text_of_event(), 1, '{"failures in a row": 0.5}',
    array_fill(repeat('x', 1000), ARRAY[2]), pg_temp.at(0), pg_temp.at(0), pg_temp.at(n), CASE WHEN n > 1 THEN pg_temp.at(n) END, 'person',
    'operator', pg_temp.words(2000) FROM generate_series(1, 510) n;
INSERT INTO published_rules (text, note, file_version, by)
SELECT 'rules: [] # ' || repeat('𠀀', 99980), repeat('𠀀', 500), '', pg_temp.named('b') FROM generate_series(1, 100) n;
INSERT INTO backtests (id, rules, base, back, by, status, reason, outcome)
SELECT 'b-' || n, 'rules: [] # ' || repeat('𠀀', 99980), 100, '90d', pg_temp.named('b'), 'done', repeat('𠀀', 4000),
    (SELECT jsonb_build_object('incidents', jsonb_agg(jsonb_build_object('component', repeat('x', 255)))) FROM generate_series(1, 1400) n)
FROM generate_series(1, 25) n;
INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status, starts_at, ends_at, by,
    created_at)
SELECT 'm-' || n, repeat('𠀀', 200), pg_temp.words(2000), array_fill(repeat('𠀀', 255), ARRAY[100]),
    jsonb_build_object('where', jsonb_build_object('tier', repeat('𠀀', 600))), pg_temp.at(0), pg_temp.at(3600), 'UTC', 'planned',
    pg_temp.at(0) + interval '3000 days', pg_temp.at(0) + interval '3001 days', repeat('𠀀', 255), pg_temp.at(n)
FROM generate_series(1, 510) n;
INSERT INTO muted (by, by_id, rule, component, severity, title, started_at, first_at, last_at, why)
SELECT 'parent', id, 'r' || n, pg_temp.text_of_event(), 'critical', pg_temp.text_of_event(), pg_temp.at(0), pg_temp.at(0), pg_temp.at(n),
    jsonb_build_object('alerts', repeat('𠀀', 9000)) FROM generate_series(1, 510) n, unnest(ARRAY['i-1', 'm-1']) AS id;
INSERT INTO aliases (alias, named, leads_to, customer_id, said_by, said_at)
SELECT pg_temp.named('a' || n), 'c-1', 'c-1', 'c-1', 'events', pg_temp.at(n) FROM generate_series(1, 510) n;
"""

# One fact about a customer has 1 MiB.
NOTIFIER = """
INSERT INTO customers (id, name, account, tier, locale, timezone, contacts, consent, updated_at)
SELECT 'c-1', pg_temp.text_of_event(), pg_temp.text_of_event(), pg_temp.text_of_event(), pg_temp.text_of_event(), pg_temp.text_of_event(),
    (SELECT jsonb_agg(jsonb_build_object('channel', repeat('x', 300), 'address', n || repeat('𠀀', 300), 'role', repeat('x', 300)))
     FROM generate_series(1, 550) n),
    (SELECT jsonb_object_agg(n || repeat('𠀀', 300), true) FROM generate_series(1, 800) n) || '{"incident": true}', pg_temp.at(0);
INSERT INTO bad_addresses (customer_id, address, detail)
SELECT 'c-1', n || repeat('𠀀', 300), repeat('x', 5000) FROM generate_series(1, 550) n;
INSERT INTO preferences (customer_id, incident) VALUES ('c-1', true);
INSERT INTO preferences (customer_id, incident) VALUES (pg_temp.named('d'), false);
INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, status)
SELECT pg_temp.named('d' || n), pg_temp.named('d'), 'opened', 'i-1', pg_temp.at(0), 'delivered' FROM generate_series(1, 510) n;
INSERT INTO returned_mails (id, notification_id, channel, kind, code)
SELECT 'r-' || n, pg_temp.named('d' || n), 'email', 'complaint', repeat('x', 5000) FROM generate_series(1, 510) n;
INSERT INTO channel_brakes (channel, level, cause, paused_at, resumed_by)
VALUES ('email', 'pause', 'bounces', pg_temp.at(0), repeat('𠀀', 5000));
INSERT INTO endpoints (id, customer_id, url, last_failure, disabled_at, disabled_why)
SELECT 'e-' || n, repeat('𠀀', 250) || n, n || repeat('x', 990), repeat('x', 100),
    CASE WHEN n > 5 THEN pg_temp.at(0) END, 'failing' FROM generate_series(1, 510) n;
INSERT INTO notifications (id, customer_id, kind, incident_id, ticket_id, about_at, status, evidence, why, attempts, created_at)
SELECT 'n-' || n, pg_temp.named('c'), 'opened', pg_temp.text_of_event(), pg_temp.named('t'), pg_temp.at(0), 'failed',
    '{"count": 3}', '{"cap": 3}',
    (SELECT jsonb_agg(jsonb_build_object('at', pg_temp.at(0), 'outcome', 'retry', 'reason', 'deferred', 'detail', repeat('5', 200)))
     FROM generate_series(1, 500)), pg_temp.at(n) FROM generate_series(1, 510) n;
INSERT INTO switches (scope, name, mode, reason, by, why)
SELECT 'rule', pg_temp.named(n::text), 'off', repeat('𠀀', 500), pg_temp.named('b'), '{"times": 7}' FROM generate_series(1, 150) n;
INSERT INTO autonomy (rule, step, reason, by)
SELECT pg_temp.named(n::text), 'auto', repeat('𠀀', 500), pg_temp.named('b') FROM generate_series(1, 510) n;
INSERT INTO consent_log (by, act, subject, reason, figures)
SELECT pg_temp.named('b'), 'approved', 'gate ' || pg_temp.named(n::text), repeat('𠀀', 500), '{"customers": 7}'
FROM generate_series(1, 510) n;
INSERT INTO incidents (id, rule, component, severity, title, started_at)
SELECT 'i-1', 'r', pg_temp.text_of_event(), 'critical', pg_temp.text_of_event(), pg_temp.at(0);
INSERT INTO gates (id, rule, subject, body)
SELECT CASE n WHEN 1 THEN 'i-1' ELSE pg_temp.named('g' || n) END, pg_temp.named(n::text),
    CASE n WHEN 1 THEN repeat('𠀀', 20000) END, CASE n WHEN 1 THEN repeat('𠀀', 20000) END FROM generate_series(1, 510) n;
INSERT INTO approvals (id, gate, round, expires_at, decided_by, reason)
SELECT 'a-' || row_number() OVER (ORDER BY id <> 'i-1', id), id, 1, now() + interval '1 day', pg_temp.named('b'),
    repeat('𠀀', 500) FROM gates;
INSERT INTO notifications (id, customer_id, kind, incident_id, gate, about_at, evidence, why)
SELECT 'w-' || n, CASE WHEN n < 200 THEN 'c-1' ELSE pg_temp.named('w' || n) END, 'opened', 'i-1', 'i-1', pg_temp.at(0), '{}',
    '{"approval": "waiting"}'
FROM generate_series(1, 510) n;
INSERT INTO deliveries (notification_id, channel, address)
SELECT 'w-' || n, repeat('x', 255), way || repeat('𠀀', 300) FROM generate_series(1, 30) n, generate_series(1, 30) way;
INSERT INTO corrections (id, incident_id, subject, body, by)
SELECT 'k-' || n, 'i-1', repeat('𠀀', 200), repeat('𠀀', 20000), pg_temp.named('b') FROM generate_series(1, 30) n;
"""

# On one ticket there are 300 replies, every fifth of 400 or 600 kB.
TICKETING = """
INSERT INTO tickets (id, number, customer_id, channel, subject, component, priority, status, assignee, incident_id, opened_at, changed_at)
SELECT 't-' || n, n, pg_temp.named('c'), pg_temp.text_of_event(), pg_temp.words(998), pg_temp.text_of_event(), 'urgent', 'open',
    pg_temp.named(n::text), pg_temp.named('i'), pg_temp.at(0), pg_temp.at(0) FROM generate_series(1, 250) n;
INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at)
SELECT id, 'first_response', pg_temp.at(0), pg_temp.at(0), pg_temp.at(0) FROM tickets;
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body, incident_id)
SELECT 'm-' || n, 't-1', pg_temp.at(n), 'support', pg_temp.named('a'), 'reply', pg_temp.words(1100),
    CASE WHEN n % 10 = 0 THEN pg_temp.words(100000) WHEN n % 10 = 5 THEN repeat('𠀀', 100000) ELSE repeat('𠀀', 4000) END,
    pg_temp.named('i') FROM generate_series(1, 300) n;
INSERT INTO incidents (id, rule, component, severity, title, started_at) VALUES ('i-1', 'r', 'c', 'high', '', pg_temp.at(0));
INSERT INTO incidents (id, rule, component, severity, title, started_at)
SELECT pg_temp.named(n::text), 'r', pg_temp.text_of_event(), 'high', pg_temp.text_of_event(), pg_temp.at(0) FROM generate_series(1, 60) n;
INSERT INTO links (ticket_id, incident_id, reasons, linked_at, unlinked_at, unlinked_by, verdict)
SELECT 't-1', pg_temp.named(n::text), array_fill(pg_temp.text_of_event(), ARRAY[2]), pg_temp.at(n), pg_temp.at(n), pg_temp.named('a'),
    pg_temp.words(100000) FROM generate_series(1, 60) n;
INSERT INTO suggestions (ticket_id, incident_id, score, reasons, suggested_at)
SELECT 't-1', id, 0.1, array_fill(pg_temp.text_of_event(), ARRAY[2]), pg_temp.at(0) FROM incidents;
INSERT INTO history (ticket_id, at, who, what, detail)
SELECT 't-1', pg_temp.at(0), pg_temp.named('a'), 'resolved',
    jsonb_build_object('resolution', CASE WHEN n % 5 = 0 THEN pg_temp.words(100000) ELSE repeat('x', 7900) END)
FROM generate_series(1, 200) n;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)
SELECT 'i-1', 'c-' || n, 'confirmed', pg_temp.at(0), pg_temp.at(0), 1 FROM generate_series(1, 20000) n;
INSERT INTO told (incident_id, customer_id, told_at) SELECT incident_id, customer_id, pg_temp.at(0) FROM impact;
"""

# One customer has 300 long messages on a ticket, as many notifications, and drafts about it.
CONSOLE = """
INSERT INTO people (name, role, created_by)
SELECT left(n || '-' || repeat('𠀀', 254), 254), 'operator', left(repeat('𠀀', 254), 254) FROM generate_series(1, 510) n;
INSERT INTO people (name, role, created_by) VALUES ('bob', 'agent', 'eve');
INSERT INTO customers (id, name, account, contacts, updated_at)
SELECT 'c-1', pg_temp.text_of_event(), pg_temp.text_of_event(), (SELECT jsonb_agg(jsonb_build_object('channel', repeat('x', 300),
    'address', n || repeat('𠀀', 300), 'role', repeat('x', 300))) FROM generate_series(1, 550) n), pg_temp.at(0);
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
SELECT 'i-' || n, 'r', left(pg_temp.text_of_event(), 500), 'high', pg_temp.text_of_event(), 'open', pg_temp.at(0), now(), 1, now()
FROM generate_series(1, 300) n;
INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, told_at)
SELECT 'i-1', 'c-' || n, 'confirmed', pg_temp.at(0), pg_temp.at(0), 1, now() FROM generate_series(1, 20000) n;
INSERT INTO tickets (id, number, customer_id, status, subject, incident_id, opened_at, changed_at)
SELECT 't-' || n, n, 'c-1', 'open', pg_temp.words(998), 'i-1', now(), now() FROM generate_series(1, 300) n;
INSERT INTO messages (id, ticket_id, at, side, author, kind, subject, body)
SELECT 'm-' || n, 't-1', pg_temp.at(n), 'customer', 'c', 'request', pg_temp.words(998),
    CASE WHEN n % 10 = 0 THEN pg_temp.words(100000) ELSE repeat('𠀀', 4000) END FROM generate_series(1, 300) n;
INSERT INTO notifications (id, customer_id, kind, incident_id, status, at, subject, body)
SELECT 'n-' || n, 'c-1', 'opened', 'i-1', 'delivered', now(), pg_temp.words(998), repeat('𠀀', 20000) FROM generate_series(1, 300) n;
INSERT INTO drafts (person, place, customer_id, text)
SELECT 'p-' || n, 'ticket:t-1:reply', 'c-1', pg_temp.words(100000) FROM generate_series(1, 50) n;
"""

# Of every service: each partition of three topics has stopped, and the broker has refused rows.
STREAMS = """
INSERT INTO brakes (stream, topic, partition, reasons, samples)
SELECT current_schema, each.topic, n, '{"not_cloudevent": 1000}', (SELECT jsonb_agg(jsonb_build_object('partition', 1, 'offset', 1,
    'reason', 'not_cloudevent', 'detail', pg_temp.words(200), 'source', pg_temp.words(100))) FROM generate_series(1, 5) AS _)
FROM unnest(ARRAY['incidents.v1', 'customers.v1', 'monitor.partials.v1']) AS each (topic), generate_series(1, 330) n;
INSERT INTO unpublished (id, lane, topic, key, value, header_names, header_values, written_at, reason)
SELECT n, 0, 'incidents.v1', 'c-1', CASE WHEN n <= 5 THEN convert_to(repeat('𠀀', 750000), 'UTF8') ELSE '{}' END,
    '{}', '{}', now(), 'too_large' FROM generate_series(1, 1000) n;
INSERT INTO erasures (customer, erased_at, fact, rows)
SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), now(), '', '{}' FROM generate_series(0, 4999) n;
INSERT INTO erasures (customer, erased_at, fact, rows) VALUES (sha256('c-1'), now(), sha256(''), '{"tickets": 1000000000}');
INSERT INTO due_aside (kind, ref, due_at, reason)
SELECT 'kind' || n % 200, n || repeat('𠀀', 128), now(), pg_temp.words(100) FROM generate_series(1, 2000) n;
"""

LINKS = Links("", LINK_SECRET)

OWN = {"monitor": MONITOR, "notifier": NOTIFIER, "ticketing": TICKETING, "console": CONSOLE}
FILL = {name: WORDS + own + STREAMS for name, own in OWN.items()}
FILL[PAGES] = FILL["notifier"]

EVERYWHERE = {
    **{path: path for path in ("/", "/livez", "/metrics", *sorted(documentation.PATHS), "/v1/streams", "/v1/due")},
    "/v1/customers/{customer_id}/data": "/v1/customers/c-1/data?limit=500",
    "/v1/customers/{customer_id}/erasure": "/v1/customers/c-1/erasure",
}
ASKED: dict[str, dict[str, str]] = {
    "monitor": {
        **EVERYWHERE,
        "/v1/incidents": "/v1/incidents?limit=500",
        "/v1/incidents/{incident_id}": "/v1/incidents/i-1",
        "/v1/incidents/{incident_id}/impact": "/v1/incidents/i-1/impact?limit=500",
        "/v1/incidents/{incident_id}/story": "/v1/incidents/i-1/story?limit=500",
        "/v1/why": "/v1/why?customer=c-1&incident=i-1",
        "/v1/rules": "/v1/rules",
        "/v1/rules/published": "/v1/rules/published",
        "/v1/rules/published/{number}": "/v1/rules/published/100",
        "/v1/backtests": "/v1/backtests",
        "/v1/backtests/{backtest_id}": "/v1/backtests/b-1",
        "/v1/sources": "/v1/sources",
        "/v1/customers/{name}/names": "/v1/customers/c-1/names",
        "/v1/risks": "/v1/risks?limit=500",
        "/v1/risks/{risk_id}": "/v1/risks/k-2",
        "/v1/incidents/{incident_id}/muted": "/v1/incidents/i-1/muted",
        "/v1/maintenance": "/v1/maintenance?limit=500",
        "/v1/maintenance/{maintenance_id}": "/v1/maintenance/m-1",
    },
    "notifier": {
        **EVERYWHERE,
        "/v1/notifications": "/v1/notifications?limit=500",
        "/v1/notifications/{notification_id}": "/v1/notifications/n-1",
        "/v1/customers/{customer_id}": "/v1/customers/c-1",
        "/v1/customers/{customer_id}/preferences": "/v1/customers/c-1/preferences",
        "/v1/customers/{customer_id}/contacts": "/v1/customers/c-1/contacts?limit=500",
        "/v1/suppressions/addresses": "/v1/suppressions/addresses?limit=500",
        "/v1/suppressions/complaints": "/v1/suppressions/complaints?limit=500",
        "/v1/channels": "/v1/channels",
        "/v1/switches": "/v1/switches",
        "/v1/switches/log": "/v1/switches/log?limit=500",
        "/v1/rules": "/v1/rules?limit=500",
        "/v1/approvals": "/v1/approvals?limit=500",
        "/v1/approvals/{approval_id}": "/v1/approvals/a-1",
        "/v1/approvals/{approval_id}/samples/{place}": "/v1/approvals/a-1/samples/0",
        "/v1/approvals/{approval_id}/recipients": "/v1/approvals/a-1/recipients?limit=500",
        "/v1/incidents/{incident_id}/corrections": "/v1/incidents/i-1/corrections",
        "/v1/endpoints": "/v1/endpoints?limit=500",
        "/v1/why/{incident_id}/{customer_id}": "/v1/why/i-1/c-1",
        "/v1/experiments": "/v1/experiments",
        "/v1/endpoints/disabled": "/v1/endpoints/disabled?limit=500",
    },
    PAGES: {
        "/livez": "/livez",
        "/u/{token}": f"/u/{token_for(Right('incident', 'c' * 255), LINK_SECRET)}",
        "/o/{opened}": LINKS.to(Use(What.OPENED, "n-1")),
        "/c/{clicked}": LINKS.to(Use(What.CLICKED, "n-1", "https://shop.example/" + "x" * 970)),
        "/h/{helped}": LINKS.to(Use(What.HELPED, "n-1")),
    },
    "ticketing": {
        **EVERYWHERE,
        "/v1/tickets": "/v1/tickets?limit=200",
        "/v1/tickets/{ref}": "/v1/tickets/1",
        "/v1/tickets/{ref}/messages": "/v1/tickets/1/messages?limit=200",
        "/v1/tickets/{ref}/messages/{message_id}": "/v1/tickets/1/messages/m-300",
        "/v1/tickets/{ref}/links": "/v1/tickets/1/links?limit=200",
        "/v1/tickets/{ref}/suggestions": "/v1/tickets/1/suggestions?limit=200",
        "/v1/tickets/{ref}/history": "/v1/tickets/1/history?limit=200",
        "/v1/tickets/{ref}/history/{line}": "/v1/tickets/1/history/5",
        "/v1/queues": "/v1/queues?limit=200",
    },
    "console": {
        **{path: url for path, url in EVERYWHERE.items() if path != "/"},  # the pages are there
        "/v1/measures": "/v1/measures?since=30d",
        "/v1/incidents/{incident_id}/measures": "/v1/incidents/i-1/measures",
        "/v1/people": "/v1/people?limit=200",
    },
}

MAINTENANCE = {
    "title": "\U00020000" * 200,
    "text": "\U00020000" * 2000,
    "components": ["\U00020000" * 255] * 100,
    "starts_at": "2030-01-06T00:00:00Z",
    "ends_at": "2030-01-06T01:00:00Z",
}
RELEASED: dict[str, tuple[str, Any]] = {"/v1/streams/{topic}/release": ("/v1/streams/incidents.v1/release", {})}
SENT: dict[str, tuple[str, Any]] = {
    "/v1/unpublished/send": ("/v1/unpublished/send", {"topic": "incidents.v1"}),
    "/v1/due/retry": ("/v1/due/retry", {}),
    "/v1/erasures/find": ("/v1/erasures/find", {"digests": [f"{number:064x}" for number in range(5000)]}),
}
UNSEEN = f"0-{sha256().hexdigest()[:16]}"  # what is seen of an audience in which nobody waits

# Asked by tests of their own: with a secret (what it answers are a few counts), of a topic with records (a few are shown, cut), and with an
# endpoint that takes the test call.
ELSEWHERE = {
    "/v1/hooks/{name}",
    "/v1/sources/try",
    "/v1/endpoints",
    "/v1/endpoints/{endpoint_id}/enable",
    "/v1/approvals/{approval_id}/send-to-me",
    *("/h/{helped}", "/r/{receipt}"),  # a page of fixed words, and nothing
}
# What is done to the largest, in this order, and answered with how it is then: every route that is posted to.
DONE: dict[str, dict[str, tuple[str, Any]]] = {
    "monitor": {
        "/v1/events": ("/v1/events", [EVENT] * 500),
        "/v1/logs": ("/v1/logs", {"resourceLogs": []}),
        "/v1/rules/reload": ("/v1/rules/reload", None),
        "/v1/rules/publish": ("/v1/rules/publish", {"rules": DRAFT, "note": "𠀀" * 500, "base": 100}),
        "/v1/rules/back-to-file": ("/v1/rules/back-to-file", {"note": "𠀀" * 500}),
        "/v1/backtests": ("/v1/backtests", {"rules": DRAFT}),
        "/v1/incidents/{incident_id}/approve": ("/v1/incidents/candidate/approve", {"reason": "𠀀" * 2000}),
        "/v1/incidents/{incident_id}/acknowledge": ("/v1/incidents/open/acknowledge", {"note": "\x01" * 2000}),
        "/v1/incidents/{incident_id}/update": (
            "/v1/incidents/open/update",
            {"words": "𠀀" * 2000, "workaround": "𠀀" * 2000, "note": "\x01" * 2000},
        ),
        "/v1/incidents/{incident_id}/severity": ("/v1/incidents/open/severity", {"severity": "low", "reason": "𠀀" * 2000}),
        "/v1/incidents/{incident_id}/customers/add": (
            "/v1/incidents/open/customers/add",
            {"customers": [f"{number}{'𠀀' * 250}" for number in range(500)], "reason": "𠀀" * 2000},
        ),
        "/v1/incidents/{incident_id}/split": (
            "/v1/incidents/open/split",
            {"customers": [f"{number}{'𠀀' * 250}" for number in range(500)], "title": "𠀀" * 500, "reason": "𠀀" * 2000},
        ),
        "/v1/incidents/{incident_id}/customers/remove": (
            "/v1/incidents/open/customers/remove",
            {"customers": [f"{number}{'𠀀' * 250}" for number in range(500)], "reason": "𠀀" * 2000},
        ),
        "/v1/incidents/{incident_id}/merge": ("/v1/incidents/open three/merge", {"into": "open", "note": "\x01" * 2000}),
        "/v1/incidents/{incident_id}/resolve": ("/v1/incidents/open/resolve", {"note": "\x01" * 2000}),
        "/v1/incidents/{incident_id}/dismiss": ("/v1/incidents/open too/dismiss", {"note": "\x01" * 2000}),
        "/v1/risks/{risk_id}/clear": ("/v1/risks/k-1/clear", {"note": "\x01" * 2000}),
        "/v1/maintenance": ("/v1/maintenance", MAINTENANCE),
        "/v1/maintenance/{maintenance_id}/change": ("/v1/maintenance/m-2/change", MAINTENANCE),
        "/v1/maintenance/{maintenance_id}/cancel": ("/v1/maintenance/m-3/cancel", None),
        "/v1/streams/{topic}/release": ("/v1/streams/monitor.partials.v1/release", {}),
        **SENT,
    },
    "notifier": {
        "/v1/bounces": ("/v1/bounces", {"notification_id": "𠀀" * 255, "kind": "bounce", "code": "5.1.1", "recipient": "𠀀" * 320}),
        "/v1/channels/{channel}/resume": ("/v1/channels/email/resume", {"reason": "𠀀" * 500}),
        "/v1/channels/{channel}/pause": ("/v1/channels/email/pause", {"reason": "𠀀" * 500}),
        "/v1/suppressions/addresses/{mark_id}/take-back": (
            f"/v1/suppressions/addresses/{md5(('c-1 2' + '𠀀' * 300).encode(), usedforsecurity=False).hexdigest()}/take-back",
            {"reason": "𠀀" * 500},
        ),
        "/v1/customers/{customer_id}/contacts/clear-mark": ("/v1/customers/c-1/contacts/clear-mark", {"address": "1" + "𠀀" * 300}),
        "/v1/approvals/{approval_id}/approve-first": ("/v1/approvals/a-2/approve-first", {"seen": UNSEEN, "reason": "𠀀" * 500}),
        "/v1/approvals/{approval_id}/approve": ("/v1/approvals/a-2/approve", {"seen": UNSEEN, "reason": "𠀀" * 500}),
        "/v1/approvals/{approval_id}/preview": ("/v1/approvals/a-1/preview", {"words": {"subject": "𠀀" * 20_000, "body": "𠀀" * 20_000}}),
        "/v1/approvals/{approval_id}/words": (
            "/v1/approvals/a-1/words",
            {"words": {"subject": "𠀀" * 20_000, "body": "𠀀" * 20_000}, "reason": "𠀀" * 500},
        ),
        "/v1/approvals/{approval_id}/remove": (
            "/v1/approvals/a-1/remove",
            {"customers": [f"{number}{'𠀀' * 250}" for number in range(500)], "reason": "𠀀" * 500},
        ),
        "/v1/approvals/{approval_id}/reject": ("/v1/approvals/a-1/reject", {"reason": "𠀀" * 500}),
        "/v1/incidents/{incident_id}/correction": ("/v1/incidents/i-1/correction", {"subject": "𠀀" * 200, "words": "𠀀" * 20_000}),
        "/v1/endpoints/{endpoint_id}/rotate": ("/v1/endpoints/e-1/rotate", None),
        "/v1/endpoints/{endpoint_id}/replay": ("/v1/endpoints/e-1/replay", {"since": "2026-01-01T00:00:00Z"}),
        **RELEASED,
        **SENT,
    },
    PAGES: {
        "/u/{token}": (ASKED[PAGES]["/u/{token}"], {}),
    },
    "ticketing": {
        "/v1/tickets/{ref}/reply": ("/v1/tickets/1/reply", {"body": "\x01" * 100_000}),
        "/v1/tickets/{ref}/assign": ("/v1/tickets/1/assign", {"agent": "𠀀" * 255}),
        "/v1/tickets/{ref}/resolve": ("/v1/tickets/1/resolve", {"resolution": "\x01" * 100_000}),
        "/v1/tickets/{ref}/reopen": ("/v1/tickets/1/reopen", {"reason": "\x01" * 100_000}),
        "/v1/tickets": ("/v1/tickets", {"customer_id": "𠀀" * 255, "subject": "𠀀" * 998, "body": "𠀀" * 100_000, "component": "𠀀" * 255}),
        "/v1/tickets/{ref}/link": ("/v1/tickets/1001/link", {"incident_id": "i-1", "answer": True}),
        "/v1/tickets/{ref}/unlink": ("/v1/tickets/1001/unlink", {"verdict": "\x01" * 100_000}),
        **RELEASED,
        **SENT,
    },
    "console": {
        "/v1/people": ("/v1/people", {"name": "a" * 254, "role": "operator", "password": "𠀀" * 100}),
        "/v1/people/{name}/link": ("/v1/people/bob/link", None),
        **RELEASED,
        **SENT,
    },
}
