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
from tests.flow.retention_seeds import SEEDS

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
