"""Messages of one channel wait in lanes, which share it by weight; a slow one holds up only its own place."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.bulkhead import SLOW_AT_MOST, Bulkhead, Lanes
from services.notifier.channels.outcome import Delivered, Outcome, Rendered
from tests.unit.shared.served import until

SHARES = {"alarms": 4, "ends": 1}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def filled(**counts: int) -> Lanes[str]:
    lanes: Lanes[str] = Lanes(SHARES)
    for lane, count in counts.items():
        for number in range(count):
            lanes.put(lane, f"{lane} {number}")
    return lanes


def test_lanes_that_all_wait_share_by_weight_and_none_starves() -> None:
    lanes = filled(ends=100, alarms=100)
    first = Counter(lanes.take().split()[0] for _ in range(50))
    assert first == {"alarms": 40, "ends": 10}


def test_a_lane_alone_gets_all_and_saves_nothing_up() -> None:
    lanes = filled(ends=100)
    for _ in range(50):
        lanes.take()
    for number in range(10):
        lanes.put("alarms", f"alarms {number}")
    assert Counter(lanes.take().split()[0] for _ in range(10)) == {"alarms": 9, "ends": 1}


@given(st.lists(st.sampled_from([*SHARES, "take"]), max_size=60))
def test_each_lane_keeps_its_order_and_nothing_is_lost(steps: list[str]) -> None:
    lanes: Lanes[tuple[str, int]] = Lanes(SHARES)
    put = [(lane, number) for number, lane in enumerate(steps) if lane != "take"]
    taken = []
    for number, step in enumerate(steps):
        if step != "take":
            lanes.put(step, (step, number))
        elif lanes:
            taken.append(lanes.take())
    taken += [lanes.take() for _ in range(len(lanes))]
    for lane in SHARES:
        assert [each for each in taken if each[0] == lane] == [each for each in put if each[0] == lane]


class Provider:
    """A channel whose sends end when they are let go, one by one or all."""

    name = "email"
    ladder: tuple[timedelta, ...] | None = None
    ttl: timedelta | None = None

    def __init__(self, at_once: int, together: int) -> None:
        self.at_once, self.together = at_once, together
        self.sends: list[list[str]] = []
        self.gates: list[asyncio.Event] = []

    def message_id(self, notification_id: str) -> str:
        return notification_id

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        gate = asyncio.Event()
        self.sends.append([message.id for message in messages])
        self.gates.append(gate)
        await gate.wait()
        return [Delivered(message.id) for message in messages]


async def bringing(bulkhead: Bulkhead, *ids: str) -> dict[str, asyncio.Future[Outcome]]:
    """Has the messages brought side by side, and returns once all wait."""
    messages = [Rendered(each, "opened", "ada@example.org", "", "", "", date=NOON) for each in ids]
    tasks = {each.id: bulkhead.bring(each, "alarms") for each in messages}
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


@pytest.mark.asyncio
async def test_as_many_sends_as_the_channel_takes_and_what_waits_goes_together() -> None:
    provider = Provider(at_once=2, together=3)
    tasks = await bringing(Bulkhead(provider, SHARES), *"abcdefgh")
    assert provider.sends == [["a"], ["b"]]
    provider.gates[0].set()
    assert await tasks["a"] == Delivered("a")
    await until(lambda: len(provider.sends) == 3)
    assert provider.sends[2:] == [["c", "d", "e"]]
    provider.gates[1].set()
    assert await tasks["b"] == Delivered("b")
    await until(lambda: len(provider.sends) == 4)
    assert provider.sends[3:] == [["f", "g", "h"]]
    for gate in provider.gates:
        gate.set()
    assert {each: (await task).detail for each, task in tasks.items()} == {each: each for each in "abcdefgh"}


@pytest.mark.asyncio
async def test_one_that_hangs_keeps_only_its_own_place() -> None:
    provider = Provider(at_once=2, together=1)
    tasks = await bringing(Bulkhead(provider, SHARES), *"abcd")
    for place in (1, 2, 3):
        await until(lambda: len(provider.gates) > place)  # noqa: B023  it is asked at once
        provider.gates[place].set()
        await tasks["abcd"[place]]
    assert provider.sends == [["a"], ["b"], ["c"], ["d"]]
    assert not tasks["a"].done()
    tasks["a"].cancel()


@pytest.mark.asyncio
async def test_who_gave_up_waiting_is_not_sent() -> None:
    provider = Provider(at_once=1, together=1)
    tasks = await bringing(Bulkhead(provider, SHARES), *"abc")
    tasks["b"].cancel()
    await asyncio.wait([tasks["b"]])
    provider.gates[0].set()
    await tasks["a"]
    await until(lambda: len(provider.sends) == 2)
    assert provider.sends == [["a"], ["c"]]
    tasks["c"].cancel()


@pytest.mark.asyncio
async def test_whoever_brings_what_is_slow_hears_of_it() -> None:
    provider, slow = Provider(at_once=1, together=1), list[str]()
    bulkhead = Bulkhead(provider, SHARES, slow_after=0.0)
    messages = [Rendered(each, "opened", "ada@example.org", "", "", "", date=NOON) for each in "ab"]
    futures = [bulkhead.bring(each, "alarms", partial(slow.append, each.id)) for each in messages]
    await until(lambda: slow == ["a", "b"])
    assert provider.sends == [["a"], ["b"]], "the second began when the first had given its place up"
    for future in futures:
        future.cancel()


@pytest.mark.asyncio
async def test_sends_that_are_slow_give_their_places_to_others_up_to_a_bound() -> None:
    provider = Provider(at_once=2, together=1)
    ids = [f"m-{number}" for number in range(20)]
    tasks = await bringing(Bulkhead(provider, SHARES, slow_after=0.0), *ids)
    await until(lambda: len(provider.sends) == SLOW_AT_MOST * 2)
    assert provider.sends == [[each] for each in ids[: SLOW_AT_MOST * 2]], "two places, and as many sends beside them as may be"
    provider.gates[7].set()
    assert await tasks["m-7"] == Delivered("m-7")
    await until(lambda: len(provider.sends) == SLOW_AT_MOST * 2 + 1)
    for task in tasks.values():
        task.cancel()
