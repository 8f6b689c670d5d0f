"""An hour of events, in any order that the horizon allows and with any copies, gives the same incidents and the same customers.

50 orders are tried; FOREWARN_TEST_ORDERS says how many else (`make orders` tries 1,000).
"""

import os
import random
from collections.abc import Iterator, Sequence
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitor.backtest import Backtest
from services.monitor.fold.keying import home_of, key_of
from services.monitor.rules.file import RulesFile
from shared.events import ProductEvent
from tests.unit.monitor.builders import HORIZON, LATER, START, request

ORDERS = int(os.environ.get("FOREWARN_TEST_ORDERS", "50"))
PARTITIONS = 3
CUSTOMERS, VICTIMS = 1000, 137
HOUR, BEGINS, ENDS = 3600, 1200, 1500
RULES = RulesFile.model_validate(
    {
        "horizon": "10m",
        "rules": [
            {
                "id": "share",
                "title": "{component} is failing",
                "events": ["com.example.request"],
                "bad": {"data.ok": False},
                "window": "5m",
                "open": {"ratio": 0.3, "events": 20, "customers": 10},
                "resolve": {"ratio": 0.05, "events": 10, "calm": "10m"},
            },
            {
                "id": "number",
                "detector": "count",
                "title": "{component} fails often",
                "only": ["checkout"],
                "events": ["com.example.request"],
                "bad": {"data.ok": False},
                "window": "5m",
                "open": {"count": 60, "customers": 30},
                "resolve": {"count": 5, "calm": "10m"},
            },
        ],
    }
)


@cache
def hour() -> tuple[ProductEvent, ...]:
    """Records an hour: each customer asks once, and 137 of them in vain, while the checkout fails for five minutes; the search goes on."""
    dice = random.Random(137)
    failed = [request(dice.uniform(BEGINS, ENDS), ok=False, customer=f"c-{number}") for number in range(VICTIMS)]
    quiet = [at for at in (dice.uniform(0, HOUR) for _ in range(2 * CUSTOMERS)) if not BEGINS <= at < ENDS][: CUSTOMERS - VICTIMS]
    well = [request(at, customer=f"c-{VICTIMS + number}") for number, at in enumerate(quiet)]
    others = [request(dice.uniform(0, HOUR), customer=f"c-{number}", component="search") for number in range(0, CUSTOMERS, 7)]
    return (*failed, *well, *others)


def shuffled(dice: random.Random) -> list[ProductEvent]:
    """Returns the hour as it may come: each event late by up to the horizon, and every third one again, up to another horizon later."""
    coming = [(each.time.timestamp() + dice.uniform(0, HORIZON), each) for each in hour()]
    coming += [(at + dice.uniform(0, HORIZON), each) for at, each in coming if dice.random() < 1 / 3]
    return [each for _, each in sorted(coming, key=lambda pair: pair[0])]


@cache
def home(key: str) -> int:
    return home_of(key.encode(), PARTITIONS)


def walked(pieces: Iterator[Sequence[ProductEvent]]) -> Backtest:
    """Folds each piece in the partitions of its keys, and judges after each."""
    backtest = Backtest(RULES, partitions=PARTITIONS)
    for piece in pieces:
        homes: dict[int, list[ProductEvent]] = {}
        for each in piece:
            homes.setdefault(home(key_of(each)), []).append(each)
        for partition, events in homes.items():
            backtest.take(events, LATER, partition)
        backtest.checkpoint()
    return backtest


def cut(events: Sequence[ProductEvent], checkpoints: int, dice: random.Random) -> Iterator[Sequence[ProductEvent]]:
    """Cuts a history at so many random places."""
    at = 0
    for end in sorted([*(dice.randrange(len(events)) for _ in range(checkpoints)), len(events)]):
        yield events[at:end]
        at = end


@settings(max_examples=ORDERS)
@given(st.integers(0, 2**64), st.sampled_from([0, 1, 4, 20]))
def test_the_same_hour_in_any_order_gives_the_same_incidents_and_exactly_137_customers(seed: int, checkpoints: int) -> None:
    dice = random.Random(seed)
    backtest = walked(cut(shuffled(dice), checkpoints, dice))
    found = {(each.rule, each.component): each for each in backtest.incidents}
    # one incident by each rule, which began in the five minutes and is over
    assert sorted(found) == [("number", "checkout"), ("share", "checkout")]
    assert len(backtest.incidents) == len(found)
    for each in found.values():
        assert BEGINS <= each.started_at - START < ENDS
        assert each.ended_at is not None
        # and it touches each of the 137, once, and nobody else
        assert sorted(each.customers) == sorted(f"c-{number}" for number in range(VICTIMS))
        assert {(of.certainty, of.count) for of in each.customers.values()} == {("confirmed", 1)}
    # and every event counted once
    assert (backtest.account.counted, backtest.account.late) == (len(hour()), 0)
    if not checkpoints:  # judged when all has come, it is the same to the last figure
        assert {each.id: (each.started_at, each.ended_at, each.why) for each in backtest.incidents} == as_it_happened()


@cache
def as_it_happened() -> dict[str, tuple[float, float | None, object]]:
    """Returns the incidents of the hour in the order of its times, judged when all has come."""
    backtest = walked(iter([sorted(hour(), key=lambda each: each.time)]))
    return {each.id: (each.started_at, each.ended_at, each.why) for each in backtest.incidents}
