"""A history twice: monitor reads it as it comes, and a backtest walks through it; both tell what they found in the same words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from services.monitor.acts import absences, surging
from services.monitor.acts.absences import Rules
from services.monitor.acts.renewing import Renewing
from services.monitor.backtest import Backtest
from services.monitor.fold.keying import home_of, key_of
from services.monitor.hearing.customers import on_customers
from services.monitor.hearing.tickets import Complaining, surges
from services.monitor.incidents.finding import Beside
from services.monitor.incidents.found import Found
from services.monitor.incidents.life import moment
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.file import RulesFile
from services.monitor.store.renewals import JUDGE
from shared.cloudevents import write_event
from shared.events import CustomerUpdated, Fact, ProductEvent, Topic
from shared.timers import Work
from tests.builders import NOON
from tests.fakes import Clock, do_due
from tests.flow.monitor_site import Site

PARTITIONS = 3
Pieces = Sequence[Sequence[ProductEvent | Fact]]  # what came between two checkpoints: events, and what was said of tickets and customers
PERIOD = """INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status,
    starts_at, ends_at, by, created_at) VALUES ($1, 't', '', '{}', '{}', $2, $3, 'UTC', 'running', $2, $3, 'ada', $2)"""
KEPT = "INSERT INTO maintenance_periods (maintenance_id, starts_at, ends_at, components) VALUES ($1, $2, $3, $4)"


async def stand(site: Site, beside: Beside) -> None:
    """Stores what is known beside events."""
    async with site.database.transaction() as tx:
        for each in beside.periods:
            await tx.execute(PERIOD, each.maintenance_id, each.starts_at, each.ends_at)
            await tx.execute(KEPT, each.maintenance_id, each.starts_at, each.ends_at, sorted(each.components))
        for customer, tier in beside.tiers.items():
            await tx.execute("INSERT INTO tiers (customer_id, tier, said_at) VALUES ($1, $2, $3)", customer, tier, NOON)


async def live(site: Site, clock: Clock, pieces: Pieces) -> None:
    """Has monitor read piece by piece, each of which ends with a checkpoint; the clocks go with the events.

    Before each the timer looks what is overdue: by then all that came before has been read. After each, detection looks again at the
    alerts that opened no incident, as it does when one has opened or ended.
    """
    expected: Rules = {rule.id: rule for rule in site.rules.components if isinstance(rule, AbsenceRule)}
    renewing = Work(Renewing(lambda: site.rules, site.database), 1000)
    for number, (piece, wall) in enumerate(zip(pieces, walls(pieces), strict=True)):
        site.wall = wall
        await clock.set(moment(wall))
        async with site.database.transaction() as tx:
            await tx.execute("UPDATE reading SET read_to = $1", moment(wall))
            if not number:
                await absences.expect(tx, expected, frozenset())
            await absences.open_overdue(tx, expected, site.parents)
        await _hear(site, [each for each in piece if isinstance(each, Fact)], moment(wall))
        for each in piece:
            if isinstance(each, ProductEvent):
                site.topics.put(Topic.PRODUCT_EVENTS, write_event(each), key=key_of(each).encode())
        await site.settle()
        stood = None
        while (now := await site.incidents()) != stood:
            stood = now
            site.detecting.look_again()
            await site.partials.stream.tick()
            await site.settle()
        await do_due(site.database, JUDGE, renewing)


async def _hear(site: Site, facts: Sequence[Fact], now: datetime) -> None:
    """Has monitor hear of tickets and customers, and do what its timer does once all tickets are read."""
    async with site.database.transaction() as tx:
        await Complaining(site.rules)(tx, facts)
        await on_customers(tx, [each for each in facts if isinstance(each, CustomerUpdated)])
        await surging.look(tx, surges(site.rules), now)


def walls(pieces: Pieces) -> list[float]:
    """Returns how far time has come after each piece."""
    return list(accumulate((max(each.time.timestamp() for each in piece) for piece in pieces), max))


def past(pieces: Pieces, rules: RulesFile, known: Beside | None = None) -> Backtest:
    """Walks through the same pieces."""
    backtest = Backtest(rules, known, partitions=PARTITIONS)
    for piece, wall in zip(pieces, walls(pieces), strict=True):
        homes: dict[int, list[ProductEvent]] = {}
        for each in piece:
            if isinstance(each, ProductEvent):
                homes.setdefault(home_of(key_of(each).encode(), PARTITIONS), []).append(each)
        for partition, events in homes.items():
            backtest.take(events, wall, partition)
        for each in piece:
            if isinstance(each, Fact):
                backtest.hear(each, each.time.timestamp())
        backtest.checkpoint()
    return backtest


async def candidates_as_live(site: Site) -> list[tuple[Any, ...]]:
    """Returns what is left of each candidate."""
    rows = await site.rows("SELECT * FROM candidates ORDER BY id")
    names = "id", "rule", "component", "started_at", "found_at", "last_at", "customers", "why", "status", "ended_at", "merged_into"
    return [tuple(row[name] for name in names) for row in rows]


def candidates_as_found(backtest: Backtest) -> list[tuple[Any, ...]]:
    return [
        (
            *(each.id, each.rule, each.component, moment(each.started_at), moment(each.found_at), moment(each.last_at), each.customers),
            *(each.why, each.status, None if each.ended_at is None else moment(each.ended_at), each.merged_into),
        )
        for each in sorted(backtest.candidates, key=lambda each: each.id)
    ]


async def as_live(site: Site) -> list[dict[str, Any]]:
    """Returns what is left of each incident, and the figures that opened it."""
    opened_by = await site.rows("SELECT incident_id, why FROM incident_steps WHERE kind = 'opened'")
    whys = {row["incident_id"]: figures(row["why"]) for row in opened_by}
    told_of = await site.impact()
    rows = await site.rows("SELECT id, rule, component, severity, started_at, resolved_at FROM incidents ORDER BY id")
    members = await site.rows("SELECT incident_id, rule, failing FROM members")
    return [
        {**{name: row[name] for name in ("id", "rule", "component", "severity", "started_at")}, "ended_at": row["resolved_at"]}
        | {
            "why": whys[row["id"]],
            "joined": {each["rule"]: each["failing"] for each in members if each["incident_id"] == row["id"]},
            "customers": {
                each["customer_id"]: (each["first_seen_at"], each["last_seen_at"], each["count"])
                for each in told_of
                if each["incident_id"] == row["id"]
            },
        }
        for row in rows
    ]


def figures(why: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the figures, but for how long nothing was heard when somebody looked."""
    return {name: said for name, said in why.items() if name != "unheard_seconds"}


def as_found(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "rule": each.rule,
            "component": each.component,
            "started_at": moment(each.started_at),
            "ended_at": None if each.ended_at is None else moment(each.ended_at),
            "why": figures(each.why),
            "severity": each.severity,
            "joined": {rule: of.failing for rule, of in each.joined.items()},
            "customers": {name: (moment(of.first), moment(of.last), of.count) for name, of in each.customers.items()},
        }
        for each in sorted(found, key=lambda each: each.id)
    ]
