"""A backtest finds in the past what monitor found in it live: the same incidents, and the same customers with the same evidence."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.backtest import Backtest, Come
from services.monitor.incidents.finding import Beside
from services.monitor.incidents.life import moment
from services.monitor.incidents.muting import Quiet
from services.monitor.risk.life import RiskRow
from services.monitor.rules.file import RulesFile
from shared.cloudevents import read_event
from shared.events import CustomerUpdated, Fact, ProductEvent, TicketLinked, TicketOpened, Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON, event
from tests.conftest import opened
from tests.fakes import Clock
from tests.flow.monitor_past import PARTITIONS, as_found, as_live, candidates_as_found, candidates_as_live, live, past, stand
from tests.flow.monitor_site import PUBLISHED, RULES, Site, told, victims

pytestmark = pytest.mark.asyncio

SECONDS = 240
RISES = {
    "share": {"critical": {"customers": 2, "tier": "gold"}},
    "number": {"critical": {"customers": 5}},
    "many": {"critical": {"customers": 3, "tier": "gold"}},
}
EAGER = RulesFile.model_validate(
    {
        "horizon": "45s",
        "rules": [
            {
                "id": "share",
                "title": "{component} is failing",
                "events": ["com.example.request"],
                "bad": {"data.ok": False},
                "window": "15s",
                "open": {"ratio": 0.3, "events": 10, "customers": 3},
                "resolve": {"ratio": 0.1, "calm": "10s", "events": 3},
                "impact": {"at_least": 2},
            },
            {
                "id": "number",
                "title": "{component} fails often",
                "detector": "count",
                "events": ["com.example.request"],
                "bad": {"data.ok": False},
                "window": "30s",
                "open": {"count": 6},
                "resolve": {"count": 3, "calm": "5s", "events": 0},
            },
            {
                "id": "many",
                "title": "{component} fails for many",
                "detector": "distinct",
                "events": ["com.example.request", "com.example.job"],
                "only": ["checkout", "search"],
                "bad": {"data.ok": False},
                "window": "8s",
                "open": {"customers": 4},
                "resolve": {"customers": 2, "calm": "4s"},
            },
            {
                "id": "beat",
                "title": "{component} says nothing",
                "detector": "absence",
                "events": ["com.example.beat"],
                "only": ["checkout", "search", "nothing"],
                "every": "30s",
                "grace": "5s",
            },
            {
                "id": "streak",
                "title": "much fails for them",
                "detector": "streak",
                "events": ["com.example.request"],
                "bad": {"data.ok": False},
                "failures": 2,
                "window": "1m",
            },
            {
                "id": "stall",
                "title": "they do not go on",
                "detector": "stall",
                "events": ["com.example.job"],
                "where": {"data.component": "login"},
                "expects": {"events": ["com.example.request"], "where": {"data.component": "login"}},
                "within": "20s",
                "window": "2m",
            },
            {
                "id": "unwell",
                "title": "much is not well for them",
                "detector": "health",
                "weights": {"streak": 0.5, "stall": 0.3},
                "raise_at": 0.25,
                "clear_below": 0.2,
            },
            {"id": "renews", "title": "they renew soon", "detector": "renewal", "before": "30d", "falling": ["streak"]},
        ],
    }
)


def history(seed: int) -> list[ProductEvent]:
    """Makes events of four minutes as they come: components fail now and then, some events come late or too late, some twice."""
    dice = random.Random(seed)
    troubles = [(dice.choice(("checkout", "search", "login")), start, start + dice.uniform(5, 40)) for start in (20, 90, 150)]
    coming: list[tuple[float, ProductEvent]] = []
    for number in range(1500):
        at, component, customer = dice.uniform(0, SECONDS), dice.choice(("checkout", "search", "login")), f"c-{dice.randrange(12)}"
        failing = any(of == component and start <= at < end for of, start, end in troubles)
        ok = dice.random() >= (0.7 if failing else 0.02)
        each = event(
            str(number),
            subject=customer if dice.random() < 0.95 else None,
            at=NOON + timedelta(seconds=at),
            type_=dice.choice(("com.example.request", "com.example.request", "com.example.job")),
            data={"component": component, "ok": ok},
        )
        late = dice.choices((0.0, dice.uniform(0, 3), dice.uniform(0, 90)), (60, 30, 10))[0]
        coming += [(at + late + again, each) for again in (0.0, *([dice.uniform(0, 60)] if dice.random() < 0.1 else []))]
    beats = [(component, at) for component, every in (("checkout", 9), ("search", 25)) for at in range(0, SECONDS, every)]
    for component, at in beats:
        if not (component == "checkout" and 60 <= at < 150) and dice.random() < 0.8:
            beat = event(
                f"{component}/{at}", subject=None, at=NOON + timedelta(seconds=at), type_="com.example.beat", data={"component": component}
            )
            coming.append((at + dice.uniform(0, 3), beat))
    return [each for _, each in sorted(coming, key=lambda pair: pair[0])]


TOGETHER = RulesFile.model_validate(
    {
        **EAGER.model_dump(include={"horizon"}),
        "grouping": "40s",
        "rules": [
            *(
                rule.model_dump(exclude_defaults=True) | {"detector": rule.detector, "escalate": RISES.get(rule.id, {})}
                for rule in EAGER.components
            ),
            {"id": "said", "detector": "alert", "title": "{component}", "only": ["checkout", "search", "login"], "severity": "low"},
            {
                "id": "complaints",
                "detector": "surge",
                "title": "customers complain of {component}",
                "window": "5m",
                "usual": 0.01,
                "open": {"customers": 3, "chance": 0.01},
                "candidate_for": "15s",
            },
            {
                "id": "trial",
                "title": "{component} is failing, perhaps",
                "shadow": True,
                "events": ["com.example.request", "com.example.job"],
                "bad": {"data.ok": False},
                "window": "10s",
                "open": {"ratio": 0.2, "events": 5, "customers": 2},
                "resolve": {"ratio": 0.1, "calm": "5s", "events": 3},
            },
        ],
    }
)
PARENTS = {"search": ("checkout",), "login": ("search",), "nothing": ("checkout",)}  # of catalog.yml
GOLD = {f"c-{number}": "gold" for number in range(4)}


def beside(seed: int) -> Beside:
    """Makes two periods of maintenance, one of them of all components, or of none of those that are there."""
    dice, periods = random.Random(seed + 1), []
    for number, components in enumerate((dice.choice((("search",), ("checkout", "nothing"))), dice.choice(((), ("login",))))):
        starts_at = NOON + timedelta(seconds=dice.uniform(0, SECONDS - 60))
        periods.append(Quiet(f"m-{number}", starts_at, starts_at + timedelta(seconds=dice.uniform(10, 50)), frozenset(components)))
    return Beside(parents=PARENTS, periods=periods, tiers=GOLD)


def with_alerts(events: Sequence[ProductEvent], seed: int) -> list[ProductEvent]:
    """Puts what another system says of its alerts, some of which fire twice, before what is later."""
    dice, come, said = random.Random(seed + 2), list(events), list[ProductEvent]()
    for number in range(8):
        component, begins, lasts = dice.choice(("checkout", "search", "login")), dice.uniform(0, SECONDS), dice.uniform(5, 60)
        alert = {"component": component, "key": f"a-{number % 5}", "starts_at": (NOON + timedelta(seconds=begins)).isoformat()}
        ends_at = NOON + timedelta(seconds=begins + lasts)
        for at, more in ((begins, {"status": "firing"}), (begins + lasts, {"status": "resolved", "ends_at": ends_at.isoformat()})):
            moment_ = NOON + timedelta(seconds=min(at, SECONDS))
            said.append(event(f"{number}/{at}", subject=None, at=moment_, type_=ALERT_REPORTED, data=alert | more))
    for each in said:
        come.insert(next((at for at, other in enumerate(come) if other.time > each.time), len(come)), each)
    return come


def with_facts(come: Sequence[ProductEvent], facts: Iterable[Fact]) -> list[ProductEvent | Fact]:
    """Puts what others say before what is later."""
    both: list[ProductEvent | Fact] = list(come)
    for each in facts:
        both.insert(next((at for at, other in enumerate(both) if other.time > each.time), len(both)), each)
    return both


def tickets(seed: int) -> Iterator[Fact]:
    """Yields what customers write about components, some of them in a row, and which of it turns out to be about incidents."""
    dice, number = random.Random(seed + 3), 0
    for component, start in product(("checkout", "search", "login", "billing"), (20, 90, 150)):
        begins = start + dice.uniform(-15, 0)  # before trouble is found, or about none
        for second in sorted(dice.uniform(0, 10) for _ in range(dice.choice((4, 6)))):
            number += 1
            about = {"ticket_id": f"t-{number}", "number": number, "customer_id": f"c-{dice.randrange(30)}"}
            at = NOON + timedelta(seconds=begins + second)
            said = TicketOpened.Data(**about, channel="form", subject="s", component=component, priority="normal", opened_at=at)
            yield TicketOpened.of(said, subject=said.ticket_id, at=at)
            if dice.random() < 0.2:
                data = TicketLinked.Data(**about, incident_id="another", reasons=())
                yield TicketLinked.of(data, subject=said.ticket_id, at=at + timedelta(seconds=2))


def directory(seed: int) -> Iterator[Fact]:
    """Yields when customers renew: soon, much later, or in their own time."""
    dice = random.Random(seed + 4)
    for number in range(18):
        first = number < 12  # of each customer a day that is near
        at = NOON + timedelta(seconds=dice.uniform(0, 5 if first else SECONDS))
        days = 20 if first else dice.choice((None, -1, 0, 30, 31, 300))
        data = CustomerUpdated.Data(renews_at=None if days is None else NOON.date() + timedelta(days=days))
        yield CustomerUpdated.of(data, subject=f"c-{number % 12}", at=at, unique=number)


def cut(events: Sequence[ProductEvent | Fact], seed: int) -> Iterator[Sequence[ProductEvent | Fact]]:
    """Cuts a history at random places, where the checkpoints fall."""
    dice, at = random.Random(seed), 0
    while at < len(events):
        size = dice.choice((1, 7, 30, 120))
        yield events[at : at + size]
        at += size


async def risks_as_live(site: Site) -> list[tuple[Any, ...]]:
    """Returns what is left of each risk."""
    rows = await site.rows("SELECT * FROM risks ORDER BY id")
    return [
        tuple(row[name] for name in ("id", "rule", "customer_id", "score", "evidence", "raised_at", "cleared_at", "reason")) for row in rows
    ]


def risks_as_found(found: Sequence[RiskRow]) -> list[tuple[Any, ...]]:
    return [
        (each.id, each.rule, each.customer_id, each.score, each.evidence, each.raised_at, each.cleared_at, each.reason)
        for each in sorted(found, key=lambda each: each.id)
    ]


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5, 7, 8, 9, 111, 127, 142])
async def test_with_the_checkpoints_of_a_live_run_a_backtest_finds_the_same_to_the_last_customer(
    seed: int, fresh_database: Settings
) -> None:
    # Given a history with late events and duplicates, and checkpoints at random places
    pieces = list(cut(with_facts(history(seed), directory(seed)), seed))
    async with opened(fresh_database, "monitor") as database:
        clock = Clock(fresh_database, ("monitor",))
        site = Site(database, partitions=PARTITIONS, rules=EAGER, at_once=1_000_000)
        site.wall = NOON.timestamp()
        await clock.set(NOON)
        await site.start()
        # When monitor reads it as it comes, and a backtest walks through it
        await live(site, clock, pieces)
        backtest = past(pieces, EAGER)
        # Then both find the same
        assert as_found(backtest.incidents) == await as_live(site)
        assert risks_as_found(backtest.risks) == await risks_as_live(site)
        account = await site.account()
        assert {name: getattr(backtest.account, name) for name in account} == account
    # and there was something to find
    assert len(backtest.incidents) >= 3
    assert account["late"]
    assert account["duplicate"]
    assert any(each.ended_at and each.customers for each in backtest.incidents)
    assert {each.component for each in backtest.incidents if each.rule == "beat"} >= {"checkout", "nothing"}
    assert {each.rule for each in backtest.risks} == {"streak", "stall", "unwell", "renews"}


@pytest.mark.parametrize("seed", [*range(8), 111, 127, 142])
async def test_so_it_does_with_grouping_parents_maintenance_and_escalation(seed: int, fresh_database: Settings) -> None:
    # Given a history in which components hang together, maintenance comes, other systems alert, and rules group and escalate
    pieces, known = list(cut(with_facts(with_alerts(history(seed), seed), tickets(seed)), seed)), beside(seed)
    async with opened(fresh_database, "monitor") as database:
        clock = Clock(fresh_database, ("monitor",))
        site = Site(database, partitions=PARTITIONS, rules=TOGETHER, at_once=1_000_000, parents=PARENTS)
        site.wall = NOON.timestamp()
        await clock.set(NOON)
        await stand(site, known)
        await site.start()
        # When monitor reads it as it comes, and a backtest walks through it
        await live(site, clock, pieces)
        backtest = past(pieces, TOGETHER, known)
        # Then both find the same
        found = as_found(backtest.incidents)
        assert found == await as_live(site)
        assert candidates_as_found(backtest) == await candidates_as_live(site)
        # and mute the same
        rows = await site.rows("SELECT by, by_id, rule, component, started_at FROM muted ORDER BY by_id, rule, component")
        muted = sorted((each.by.id, each.rule, each.component, each.by.by, each.started_at) for each in backtest.muted)
        assert muted == [(row["by_id"], row["rule"], row["component"], row["by"], row["started_at"]) for row in rows]
    # and there was something to find
    assert {each.status for each in backtest.candidates} >= {"merged", "withdrawn"}
    assert muted
    assert any(each.joined for each in backtest.incidents)
    assert any(each.severity == "critical" for each in backtest.incidents)


async def test_a_backtest_of_a_story_finds_what_monitor_found_while_it_happened(monitor_database: Database) -> None:
    # Given a story that monitor has read second by second
    site = Site(monitor_database, partitions=PARTITIONS)
    await site.start()
    await site.live(told(PUBLISHED))
    # When a backtest reads the same topic
    backtest = Backtest(RULES, partitions=PARTITIONS)
    records = sorted(site.topics.records(Topic.PRODUCT_EVENTS), key=lambda record: record.timestamp)
    events = [(read_event(record.value, record.headers, datetime.now(UTC)), record.partition) for record in records]
    backtest.follow(Come(each, site.wall or 0.0, partition) for each, partition in events)
    backtest.end()
    # Then it has found the incident, and whom it touched
    [found], [lived] = backtest.incidents, await site.incidents()
    assert (found.id, found.rule, found.component) == (lived["id"], lived["rule"], lived["component"])
    assert (moment(found.started_at), moment(found.ended_at or 0)) == (lived["started_at"], lived["resolved_at"])
    assert found.customers.keys() == victims(PUBLISHED)
    assert found.messages == 2 * 137
