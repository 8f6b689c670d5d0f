"""monitor lives through the month of `tests/month.py`, and a backtest of the same history agrees with it to the last incident."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby

import pytest

from shared.events import Fact, ProductEvent
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened
from tests.fakes import Clock
from tests.flow.monitor_past import PARTITIONS, as_found, as_live, candidates_as_found, candidates_as_live, live, past
from tests.flow.monitor_site import Site
from tests.month import DAY, HOUR, INJECTED, MINUTE, month, written
from tests.unit.monitor.test_month import MONTH, RULES, about

pytestmark = pytest.mark.asyncio

BETWEEN, QUIET = 10 * MINUTE, 4 * HOUR  # seconds between two checkpoints: around trouble, and where nothing happens


def pieces() -> Iterator[Sequence[ProductEvent | Fact]]:
    """Yields what came between two checkpoints."""
    sources: list[Iterator[ProductEvent | Fact]] = [month(7), written(7)]
    both: Iterator[ProductEvent | Fact] = merge(*sources, key=time_of)
    for _, coming in groupby(both, key=lambda each: checkpoint(each.time.timestamp() - MONTH)):
        yield list(coming)


def time_of(each: ProductEvent | Fact) -> datetime:
    return each.time


def checkpoint(at: float) -> float:
    near = any(each.begins - HOUR <= at < each.ends + 2 * HOUR for each in INJECTED)
    return at // BETWEEN * BETWEEN if near else at // QUIET * QUIET


async def test_it_finds_all_that_was_injected_and_so_does_a_backtest_to_the_last_incident(fresh_database: Settings) -> None:
    come = list(pieces())
    async with opened(fresh_database, "monitor") as database:
        clock = Clock(fresh_database, ("monitor",))
        site = Site(database, partitions=PARTITIONS, rules=RULES, at_once=1_000_000)
        site.wall = NOON.timestamp()
        await clock.set(NOON)
        await site.start()
        # When monitor lives through thirty days, and a backtest walks through them
        await live(site, clock, come)
        backtest = past(come, RULES)
        # Then both find the same incidents, and whom they touch
        assert as_found(backtest.incidents) == await as_live(site)
        # and the same candidates
        assert candidates_as_found(backtest) == await candidates_as_live(site)
        assert [each.status for each in backtest.candidates] == ["merged"]
        rows = await site.rows("SELECT id, opened_at FROM incidents")
    opened_at = {row["id"]: row["opened_at"].timestamp() for row in rows}
    of = {trouble: [each for each in backtest.incidents if about(each, trouble)] for trouble in INJECTED}
    for trouble, found in of.items():
        print(
            f"day {trouble.begins / DAY:4.1f} {trouble.component:<9}",
            ", ".join(
                f"{each.rule}: live after {(opened_at[each.id] - MONTH - trouble.begins) / MINUTE:.1f} min,"
                f" in a backtest after {(each.opened_at - MONTH - trouble.begins) / MINUTE:.1f} min"
                for each in found
            ),
        )
    # among them all that was injected
    assert [trouble for trouble, found in of.items() if not found] == []
