"""How far the console is behind while facts come in: for each, from the broker's taking it to the commit that has it in the tables.

All of them count from the first on, when the process has just started and no page of the tables is in memory.
"""

import asyncio
import time
from argparse import Namespace
from collections import deque
from statistics import quantiles

import asyncpg
from aiokafka import AIOKafkaProducer

from bench.console.facts import records
from bench.servers import Servers, service, until_ready

PER_SECOND = 1000
NEXT = "SELECT topic, partition, next FROM console.offsets"

Delays = list[float]  # seconds from the broker's having it until it was in the tables
Taken = dict[tuple[str, int], deque[tuple[int, float]]]  # by place: (offset, when the broker had it), in order


async def measure(of: Servers, said: Namespace) -> dict[str, object]:
    """Returns the seconds behind at the 99th percentile. Raises AssertionError when the console never has them all."""
    print(f"publishing {PER_SECOND:,} facts a second for {said.console_seconds} s", flush=True)
    async with service(of, "console") as running:
        await until_ready(running)
        delays = await _follow(of, said.console_seconds * PER_SECOND)
    p99 = quantiles(delays, n=100)[-1]
    print(
        f"{len(delays):,} facts at {PER_SECOND:,} a second: behind by {p99:.2f} s at the 99th percentile, {max(delays):.2f} s at most",
        flush=True,
    )
    return {"behind_p99_s": round(p99, 3)}


async def _follow(of: Servers, count: int) -> Delays:
    taken: Taken = {}
    delays: Delays = []
    connection = await of.connect()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_say(of, count, taken))
            group.create_task(_look(connection, count, taken, delays))
    finally:
        await connection.close()
    return delays


async def _say(of: Servers, count: int, taken: Taken) -> None:
    kafka = AIOKafkaProducer(bootstrap_servers=of.bootstrap, enable_idempotence=True, acks="all", linger_ms=5)
    await kafka.start()
    try:
        start = time.time()
        for record in records(count, start, PER_SECOND):
            if (ahead := start + record.offset - time.time()) > 0:
                await asyncio.sleep(ahead)
            sent = await kafka.send(record.topic, record.value, record.key, headers=[("content-type", b"application/cloudevents+json")])
            sent.add_done_callback(lambda done: _note(done, taken))
        await kafka.flush()
    finally:
        await kafka.stop()


def _note(done: "asyncio.Future[object]", taken: Taken) -> None:
    at = done.result()
    place = (at.topic, at.partition)  # type: ignore[attr-defined]
    taken.setdefault(place, deque()).append((at.offset, time.perf_counter()))  # type: ignore[attr-defined]


async def _look(connection: asyncpg.Connection, count: int, taken: Taken, delays: Delays) -> None:
    deadline = time.perf_counter() + count / PER_SECOND + 60
    while len(delays) < count:
        assert time.perf_counter() < deadline, f"only {len(delays):,} of {count:,} facts are in the tables"
        rows, now = await connection.fetch(NEXT), time.perf_counter()
        for row in rows:
            waiting = taken.get((row["topic"], row["partition"]), deque())
            while waiting and waiting[0][0] < row["next"]:
                delays.append(now - waiting.popleft()[1])
        await asyncio.sleep(0.02)
