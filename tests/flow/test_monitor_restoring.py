"""While the fold is stored and restored, others get turns: whoever owes Kafka a heartbeat, or a check of readiness its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from services.monitor.fold.columns import Columns
from services.monitor.fold.customers import PIECE, Customers, StoredCustomers
from services.monitor.fold.partition import Partition
from services.monitor.store import fold as store
from shared.postgres import Database
from tests.unit.monitor.builders import HORIZON, LATER
from tests.unit.monitor.risk.building import payment, streak

pytestmark = pytest.mark.asyncio

PIECES = 3


class Watched(Customers):
    """Notes how many turns others had had whenever a piece was stored or restored."""

    def __init__(self, turns: Callable[[], int]) -> None:
        super().__init__(streak(), HORIZON)
        self.turns, self.had = turns, list[int]()

    def take_changes(self, *, anew: bool = True) -> Iterator[StoredCustomers]:
        for piece in super().take_changes(anew=anew):
            self.had.append(self.turns())
            yield piece

    def restore(self, stored: StoredCustomers) -> None:
        self.had.append(self.turns())
        super().restore(stored)


@asynccontextmanager
async def others() -> AsyncIterator[Callable[[], int]]:
    """Counts the turns of somebody who wants one always."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(turn())
    try:
        yield lambda: turns
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def partition_of(customers: Customers) -> dict[int, Partition]:
    partition = Partition([], HORIZON)
    partition.customers = {"streak": customers}
    return {0: partition}


async def test_others_get_a_turn_after_each_piece_that_is_stored_or_restored(monitor_database: Database) -> None:
    everybody = [f"c-{number}" for number in range(PIECES * PIECE)]
    async with others() as turns, monitor_database.transaction() as tx:
        before, after = Watched(turns), Watched(turns)
        events = [payment(0, customer=each) for each in everybody]
        next(before.halves).take(Columns(events, [event.time.timestamp() for event in events], HORIZON))
        await store.keep(tx, partition_of(before), 1_000, LATER, part=1)
        await store.restore(tx, partition_of(after), 1_000, LATER)
    for each in (before, after):
        assert len(each.had) == len(set(each.had)) == PIECES
    assert [after.of(each) for each in everybody] == [before.of(each) for each in everybody]
