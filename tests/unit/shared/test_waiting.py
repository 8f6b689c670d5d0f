"""A loop that rests can be woken, and cancelled, also at the same moment."""

import asyncio

import pytest

from shared.postgres import wait_for_wakeup


async def test_a_wait_that_is_woken_and_cancelled_at_once_is_cancelled() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(wait_for_wakeup(event, 60))
    await asyncio.sleep(0)  # it waits now
    event.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("clear", [True, False])
async def test_a_wait_ends_with_the_event_which_stays_only_where_it_is_to_stay(clear: bool) -> None:
    event = asyncio.Event()
    event.set()
    await wait_for_wakeup(event, 60, clear=clear)
    assert event.is_set() is not clear


async def test_a_wait_that_nobody_ends_is_over_after_its_time() -> None:
    await wait_for_wakeup(asyncio.Event(), 0)
