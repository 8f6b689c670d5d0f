"""What many tasks ask for at the same time becomes few calls, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.coalescing import Coalescing

pytestmark = pytest.mark.asyncio


class Doubling:
    """Doubles numbers once it may, and remembers the calls. An odd one raises for itself; 13 spoils the whole call."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.may = asyncio.Event()
        self.broken: Exception = ValueError("13")

    async def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(numbers))
        await self.may.wait()
        if 13 in numbers:
            raise self.broken
        return [KeyError(number) if number % 2 else 2 * number for number in numbers]


async def asking(coalescing: Coalescing[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    """Has the numbers asked for side by side, and returns once all wait."""
    tasks = [asyncio.create_task(coalescing.ask(number)) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_is_asked_while_a_call_is_under_way_goes_together_as_much_as_may_be() -> None:
    doubling = Doubling()
    coalescing = Coalescing(doubling, most=3)
    [first] = await asking(coalescing, 2)
    others = await asking(coalescing, 4, 6, 8, 10)
    doubling.may.set()
    assert await asyncio.gather(first, *others) == [4, 8, 12, 16, 20]
    assert doubling.calls == [[2], [4, 6, 8], [10]]


async def test_who_asks_as_a_call_ends_is_answered() -> None:
    doubling = Doubling()
    doubling.may.set()
    coalescing = Coalescing(doubling)
    for number in range(0, 40, 2):
        assert await asyncio.wait_for(coalescing.ask(number), 5) == 2 * number


async def test_what_is_raised_for_one_is_raised_for_whoever_asked_for_it() -> None:
    doubling = Doubling()
    tasks = await asking(Coalescing(doubling), 2, 3, 4)
    doubling.may.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == (4, KeyError, 8)


async def test_one_that_spoils_the_call_fails_alone() -> None:
    doubling = Doubling()
    coalescing = Coalescing(doubling)
    tasks = await asking(coalescing, 2, 4, 13, 6)
    doubling.may.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [found[0], found[1], found[3]] == [4, 8, 12]
    assert isinstance(found[2], ValueError)


async def test_a_database_that_is_away_is_asked_once_for_all_and_not_for_each() -> None:
    doubling = Doubling()
    doubling.broken = ConnectionError("away")
    tasks = await asking(Coalescing(doubling), 2, 4, 13)
    doubling.may.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [ConnectionError] * 3
    assert doubling.calls == [[2, 4, 13]]


async def test_who_gave_up_waiting_is_not_asked_for_and_holds_up_nobody() -> None:
    doubling = Doubling()
    coalescing = Coalescing(doubling)
    [first] = await asking(coalescing, 2)
    gone, stays = await asking(coalescing, 4, 6)
    gone.cancel()
    await asyncio.wait([gone])
    doubling.may.set()
    assert [await first, await stays] == [4, 12]
    assert doubling.calls == [[2], [6]]
