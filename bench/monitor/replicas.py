"""What two replicas do together, and for how long a partition waits when another one joins, and when it leaves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from bench.events import COMPONENTS, CUSTOMERS, fill, request
from bench.monitor.process import WITHIN, Look, check, look
from bench.monitor.stage import ONE, Stage
from bench.servers import Servers, service, until_ready
from shared.events import Topic

PARTITIONS = 10
RATE = 5000  # events a second while partitions move
STEADY = 3.0  # seconds before something changes, and after
POLL = 0.05
POSITIONS = "SELECT partition, next FROM monitor.offsets WHERE topic = $1"


async def measure(stage: Stage) -> dict[str, object]:
    """Returns the rate of two replicas against that of one, and the longest time for which a partition was not read."""
    together, one = await _together(stage), await stage.one_rule()
    moved = await _moved(stage)
    return {"two_replicas_ratio": round(together / one.events_per_s, 3), "moved_s": round(moved, 2)}


# ── what two do together ─────────────────────────────────────────────────────────────────────


async def _together(stage: Stage) -> float:
    """Returns the events a second of two replicas, from the moment both read until one of them has nothing left."""
    await stage.filled()
    of, count = await stage.with_rules(ONE), stage.said.events
    async with service(of, "monitor") as one, service(of, "monitor") as other:
        looks = await _looks(count, one[1], other[1])
    await check(of, count)
    first, last = looks[0], looks[-1]
    rate = (sum(each.done for each in last) - sum(each.done for each in first)) / (last[0].at - first[0].at)
    print(f"two replicas: {rate:,.0f} events a second together", flush=True)
    return rate


async def _looks(count: int, *ports: int) -> list[tuple[Look, ...]]:
    """Returns when everything is read, with the looks at all replicas of the time in which each of them had something to read."""
    seen: list[tuple[Look, ...]] = []
    deadline = time.monotonic() + WITHIN
    while not seen or sum(each.done for each in seen[-1]) < count:
        assert time.monotonic() < deadline, f"two replicas did not read {count:,} events in {WITHIN:.0f} s"
        await asyncio.sleep(POLL)
        seen.append(tuple(await asyncio.gather(*(look(port) for port in ports))))
    total = [each.done for each in seen[-1]]
    both = [looks for looks in seen if all(0 < each.done < end for each, end in zip(looks, total, strict=True))]
    assert len(both) > 1, f"the two never read at the same time ({total}): take more events"
    return both


# ── how long a partition waits ───────────────────────────────────────────────────────────────


@dataclass
class Pauses:
    """The longest time for which each partition stood still while there was something to read, since it was reset."""

    longest: float = 0.0
    _stands: dict[int, tuple[int, float]] = field(default_factory=dict)  # partition → its position, and since when

    def take(self, partition: int, position: int, now: float) -> None:
        before, since = self._stands.get(partition, (position, now))
        self.longest = max(self.longest, now - since)
        if position != before or partition not in self._stands:
            self._stands[partition] = position, now

    def moved_since(self, moment: float) -> bool:
        """Says whether every partition was read on since then."""
        return len(self._stands) == PARTITIONS and all(since >= moment for _, since in self._stands.values())


async def _moved(stage: Stage) -> float:
    of = await stage.emptied(ONE)
    async with _traffic(of) as pauses, service(of, "monitor") as one:
        await until_ready(one)
        await _until(lambda: pauses.moved_since(0.0))
        pauses.longest = 0.0
        steady = await _longest(pauses)
        async with service(of, "monitor") as other:
            await until_ready(other)
            while not (await look(other[1])).done:
                other[0].check()
                await asyncio.sleep(POLL)
            joined = await _longest(pauses)
        left_at = time.monotonic()
        await _until(lambda: pauses.moved_since(left_at))
        left = await _longest(pauses)
    print(f"a partition waits for {joined:.1f} s when a replica joins, {left:.1f} s when it leaves, else {steady:.1f} s", flush=True)
    return max(joined, left)


async def _longest(pauses: Pauses) -> float:
    """Returns the longest pause so far, after a while in which nothing changes; from then on it counts anew."""
    await asyncio.sleep(STEADY)
    longest, pauses.longest = pauses.longest, 0.0
    return longest


async def _until(condition: Callable[[], bool], within: float = 60.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  another process brings it about
            await asyncio.sleep(POLL)


@asynccontextmanager
async def _traffic(of: Servers) -> AsyncIterator[Pauses]:
    """Publishes events at a steady rate while the context lasts, and watches how each partition is read."""
    pauses, over = Pauses(), asyncio.Event()
    producing = asyncio.create_task(asyncio.to_thread(fill, of.bootstrap, Topic.PRODUCT_EVENTS, _steadily(over)))
    connection = await of.connect()
    watching = asyncio.create_task(_watch(connection, pauses))
    try:
        yield pauses
    finally:
        over.set()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await producing
        await connection.close()


async def _watch(connection: asyncpg.Connection, pauses: Pauses) -> None:
    while True:
        for row in await connection.fetch(POSITIONS, Topic.PRODUCT_EVENTS):
            pauses.take(row["partition"], row["next"], time.monotonic())
        await asyncio.sleep(POLL)


def _steadily(over: asyncio.Event) -> Iterator[tuple[bytes, bytes]]:
    """Yields events when they are due, until it is over."""
    start, number = time.time(), 0
    while not over.is_set():
        at = start + number / RATE
        if (ahead := at - time.time()) > 0.002:
            time.sleep(ahead)
        customer = number * 7919 % CUSTOMERS
        yield request(f"steady-{number}", at, customer, customer % COMPONENTS, ok=True)
        number += 1
