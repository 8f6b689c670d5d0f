"""No table grows for ever: old rows that nobody needs are deleted in pieces, by an index; ids that a replay must meet stay."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.console import keeping as of_console
from services.console.settings import ConsoleSettings
from services.monitor import keeping as of_monitor
from services.monitor.settings import MonitorSettings
from services.notifier import keeping as of_notifier
from services.notifier.settings import NotifierSettings
from services.ticketing import keeping as of_ticketing
from services.ticketing.settings import TicketingSettings
from shared import metrics
from shared.postgres import Database
from shared.retention import ANSWERS, AT_ONCE, Kept, tidy
from shared.settings import Settings
from tests.conftest import opened as database_of
from tests.figures import value
from tests.flow.notifier_stage import Stage, impact, opened, resolved

pytestmark = pytest.mark.asyncio

KEPT = {
    "monitor": (ANSWERS, *of_monitor.kept(MonitorSettings(environment="demo"))),
    "notifier": of_notifier.kept(NotifierSettings(environment="demo")),
    "ticketing": of_ticketing.kept(TicketingSettings(environment="demo")),
    "console": of_console.kept(ConsoleSettings(environment="demo")),
}

# The size of these tables does not grow with time.
BOUNDED = {
    **dict.fromkeys(("fold_buckets", "fold_seen", "fold_cells", "fold_tallies", "fold_moments"), "let go by the fold, by event time"),
    "migrations": "a row a migration",
    "offsets": "a row a partition",
    "relays": "a row a lane",
    "channels": "one row",
    "outbox": "until it is published",
    "due": "until it is done",
    "customers": "a row a customer",
    "preferences": "a row a customer",
    "bad_addresses": "a row an address",
    "channel_brakes": "a row a channel",
    "messages": "goes with its ticket",
    "links": "goes with its ticket",
    "incident_steps": "goes with its incident",
    "clocks": "goes with its ticket",
    "history": "goes with its ticket",
    "fold_accounts": "a row a partition",
    "fold_components": "limited by the fold",
    "fold_moves": "until the partition's owner has taken it in",
    **dict.fromkeys(("switches", "autonomy"), "a row a rule or channel"),
    "approvals": "goes with its gate",
    "sources": "a row a source",
    "source_reasons": "a row a source and reason",
    "fold_clocks": "a row a partition",
    "fold_forwarded": "a row a partition",
    "tiers": "a row a customer",
    "renewals": "a row a customer",
    "members": "goes with its incident",
    "reading": "one row",
    "rules_asked": "one row",
    "published_rules": "the latest hundred",
    "backtests": "the latest twenty",
    "brakes": "a row a partition that stands",
    "unpublished": "until somebody sends them again",
    "due_aside": "until somebody has it tried again",
    "erasures": "a row an erased customer",
    "endpoints": "five a customer at most",
    "fold_erasures": "until the partition's owner has forgotten the customer",
    "suggestions": "goes with its ticket",
    "impact_to_match": "until it is matched",
    "gate": "one row",
    "people": "a row a person who works here",
    "figures": "a row a period",
    "letters": "a row a topic",
    "timeline": "goes with its incident or ticket",
    "moments": "goes with its incident",
    "ticket_counts": "counts what is open",
    "deliveries": "goes with its notifications",
}

# These statements make rows of each table: $1 how many, $2 how old, $3 the beginning of their ids. The incident `open` still lasts.
INCIDENT = (
    "INSERT INTO incidents (id, rule, component, severity, title, started_at{more}) VALUES ('{id}', 'r', '{id}', 'high', '', now(){values})"
)
ENDED = {
    "monitor": (", status, opened_at, why", ", '{status}', now() - interval '2000 days', '{{}}'"),
    "notifier": (", status, written_at", ", '{status}', now() - interval '2000 days'"),
    "ticketing": (", resolved_at, written_at", ", {resolved}, now() - interval '2000 days'"),
    "console": (", status, ended_at, opened_at, revision, said_at", ", '{status}', {resolved}, now(), 1, now()"),
}
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
    ("notifier", "ticket_links"): """INSERT INTO ticket_links (incident_id, customer_id, ticket_id, ticket_number, linked_at)
        SELECT CASE WHEN $3 = 'needed' THEN 'open' ELSE 'ended' END, $3 || n, 't-' || n, n, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
    ("notifier", "notices"): """INSERT INTO notices (id, about, subject, body, at, written_at)
        SELECT $3 || n, 'incidents', '', '', now(), CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "endpoint_missed"): """INSERT INTO endpoint_missed (endpoint_id, notification_id, customer_id, body, missed_at)
        SELECT $3 || n, 'n', 'c', '{}', CASE WHEN $3 = 'needed' THEN now() ELSE now() - $2::interval END
        FROM generate_series(1, $1::int) n""",
    ("notifier", "incidents"): """INSERT INTO incidents (id, rule, component, severity, title, started_at, status, written_at)
        SELECT $3 || n, 'r', 'c', 'high', '', now(), CASE WHEN $3 = 'needed' THEN 'open' ELSE 'resolved' END, now() - $2::interval
        FROM generate_series(1, $1::int) n""",
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
EACH = [
    pytest.param(service, kept, id=f"{service}-{kept.table}{'-words' if kept.forget else ''}") for service in KEPT for kept in KEPT[service]
]
each_table = pytest.mark.parametrize(("service", "kept"), EACH)


@dataclass
class Table:
    """One table of one service, with rows of three kinds."""

    database: Database
    service: str
    kept: Kept

    async def fill(self, old: int, young: int = 3, needed: int = 3) -> None:
        """Fills a table with rows beyond their time, rows just within it, and old rows that are still needed."""
        margin = timedelta(days=2)
        seed = SEEDS[self.service, self.kept.table]
        more, values = ENDED[self.service]
        async with self.database.transaction() as tx:
            for name, status, ended in (("open", "open", "NULL"), ("ended", "resolved", "now()")):
                await tx.execute(INCIDENT.format(id=name, more=more, values=values.format(status=status, resolved=ended)))
            await tx.execute(seed, old, self.kept.keep + margin, "old")
            await tx.execute(seed, young, max(self.kept.keep - margin, timedelta()), "young")
            if self.kept.table != "idempotency":
                await tx.execute(seed, needed, self.kept.keep + margin, "needed")

    async def count(self) -> int:
        """Returns how many rows there are, or rows with words if only those go; the incidents that others are about are not counted."""
        only = f"({self.kept.only})" if self.kept.forget else "true"
        of = "id NOT IN ('open', 'ended')" if self.kept.table == "incidents" else "true"
        async with self.database.connection() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {self.kept.table} AS old WHERE {only} AND {of}"))  # noqa: S608

    async def plan(self) -> str:
        async with self.database.transaction() as tx:
            await tx.execute(f"ANALYZE {self.kept.table}")
            statement = self.kept.statement.replace("$1", f"'{self.kept.keep.total_seconds()} s'")
            rows = await tx.fetch(f"EXPLAIN {statement}")
        return "\n".join(row[0] for row in rows)


@pytest.fixture
async def table(fresh_database: Settings, service: str, kept: Kept) -> AsyncIterator[Table]:
    async with database_of(fresh_database, service) as database:
        yield Table(database, service, kept)


@each_table
async def test_what_is_old_goes_in_pieces_and_what_is_young_or_still_needed_stays(table: Table) -> None:
    await table.fill(old=2 * AT_ONCE + 500)
    stay = await table.count() - (2 * AT_ONCE + 500)
    if table.kept.forget:  # an open incident needs to know who was told, not the words
        stay -= 3
    before = value(metrics.DELETED.labels(table.kept.table))
    turns = 1
    while await tidy(table.database, [table.kept]):
        turns += 1
    assert turns == 3
    assert stay >= 3
    assert await table.count() == stay
    assert value(metrics.DELETED.labels(table.kept.table)) - before >= 2 * AT_ONCE + 500
    assert not await tidy(table.database, [table.kept])


@each_table
async def test_each_statement_finds_its_rows_by_an_index(table: Table) -> None:
    await table.fill(old=1500, young=30_000)
    plan = await table.plan()
    assert f"Seq Scan on {table.kept.table}" not in plan, plan
    assert "Index" in plan


@pytest.mark.parametrize("service", KEPT)
async def test_every_table_is_kept_for_a_time_or_is_bounded_by_nature(fresh_database: Settings, service: str) -> None:
    async with database_of(fresh_database, service) as database, database.connection() as connection:
        tables = {row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)}
    assert tables <= {kept.table for kept in (ANSWERS, *KEPT[service])} | BOUNDED.keys()


async def test_a_table_that_raises_holds_up_no_other(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await tx.execute(SEEDS["monitor", "idempotency"], 5, timedelta(days=2), "old")
    with pytest.raises(ExceptionGroup):
        await tidy(monitor_database, [Kept("not_there", "at", timedelta()), ANSWERS])
    async with monitor_database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0


async def test_a_ticket_takes_along_all_that_was_said_on_it(ticketing_database: Database) -> None:
    async with ticketing_database.transaction() as tx:
        await tx.execute(SEEDS["ticketing", "tickets"], 1, timedelta(days=800), "old")
        await tx.execute("INSERT INTO messages VALUES ('m', 'old1', now(), 'customer', 'c', 'request', 's', 'b', NULL)")
        await tx.execute("INSERT INTO links (ticket_id, incident_id, reasons, linked_at) VALUES ('old1', 'i', '{}', now())")
        await tx.execute(
            "INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at) VALUES ('old1', 'first_response', now(), now(), now())"
        )
        await tx.execute("INSERT INTO history (ticket_id, at, who, what, detail) VALUES ('old1', now(), 'a', 'opened', '{}')")
    await tidy(ticketing_database, KEPT["ticketing"])
    async with ticketing_database.connection() as connection:
        for table in ("tickets", "messages", "links", "clocks", "history"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_the_console_keeps_what_incidents_and_tickets_that_stay_are_about(fresh_database: Settings) -> None:
    """An incident goes after whom it touched; then its messages, time line and seconds go with it, and a ticket's lines stay."""
    aside = timedelta(days=5000)
    async with database_of(fresh_database, "console") as database:
        async with database.transaction() as tx:
            await tx.execute(SEEDS["console", "incidents"], 2, aside, "old")
            await tx.execute(
                "INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at)"
                " VALUES ('old1', 'c', 'confirmed', now(), now(), 1, now()),"
                " ('old2', 'c', 'confirmed', now() - $1::interval, now() - $1::interval, 1, now() - $1::interval)",
                aside,
            )
            for each in ("old1", "old2"):
                await tx.execute(
                    "INSERT INTO timeline (id, at, service, what, incident_id, ticket_id)"
                    " VALUES ($1 || 'i', now(), 'monitor', 'w', $1, NULL), ($1 || 't', now(), 'ticketing', 'w', $1, 't-1')",
                    each,
                )
        while await tidy(database, KEPT["console"]):
            pass
        async with database.connection() as connection:
            held = {
                table: sorted(row[0] for row in await connection.fetch(f"SELECT {column} FROM {table}"))  # noqa: S608
                for table, column in (("incidents", "id"), ("impact", "incident_id"), ("moments", "incident_id"), ("timeline", "id"))
            }
    assert held == {"incidents": ["old1"], "impact": ["old1"], "moments": ["old1"], "timeline": ["old1i", "old1t", "old2t"]}


async def test_a_series_that_changes_is_as_young_as_its_last_change(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await tx.execute(SEEDS["monitor", "series"], 2, timedelta(days=100), "old")
        await tx.execute("UPDATE series SET state = 'changed' WHERE component = 'old1'")
    await tidy(monitor_database, KEPT["monitor"])
    async with monitor_database.connection() as connection:
        assert [row["component"] for row in await connection.fetch("SELECT component FROM series")] == ["old1"]


# ── a replay of what was forgotten ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("later", [timedelta(days=100), timedelta(days=2000)], ids=["words forgotten", "all forgotten"])
async def test_facts_that_come_again_after_their_rows_are_forgotten_tell_nobody(on: Stage, later: timedelta) -> None:
    await on.know("c-1")
    facts = [opened(on.now), impact(on.now, "c-1"), resolved(on.now)]
    for fact in facts[:2]:
        await on.hear(fact)
    await on.hear(facts[2])
    told = len(on.office.mails)
    assert told == 2
    await on.clock.advance(later)
    while await tidy(on.service.database, KEPT["notifier"]):
        pass
    [kept] = await on.rows("SELECT count(*) AS rows, count(evidence) + count(why) AS words FROM notifications")
    assert (kept["rows"] > 0, kept["words"]) == (later < timedelta(days=1000), 0)
    await on.hear(*facts)
    await on.loop.advance(timedelta(minutes=10))
    assert len(on.office.mails) == told
