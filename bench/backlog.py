"""How much memory monitor takes while it reads what an hour of traffic left: events of one hour, all there before it starts."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from bench.events import BAD, COMPONENTS, CUSTOMERS, fill
from bench.servers import Servers, service
from bench.throughput import check, consumed
from deploy.local.processes import Child
from shared.events import Topic

AWAY = 3600.0  # seconds of event time
WITHIN = 900.0  # seconds it may take
MIB = 1024.0  # KiB


def hour(count: int, end: float, seed: int = 2) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of each event, in order of time; as `bench.events.requests`, but cheap enough for millions."""
    dice = Random(seed)
    tails = [
        [
            b'","subject":"c-%d","data":{"component":"part-%d","ok":%b,"latency_ms":81}}' % (customer, customer % COMPONENTS, ok)
            for ok in (b"true", b"false")
        ]
        for customer in range(CUSTOMERS)
    ]
    keys = [b"c-%d" % customer for customer in range(CUSTOMERS)]
    start = end - AWAY
    for second in range(int(AWAY)):
        at = datetime.fromtimestamp(start + second, UTC).isoformat(timespec="seconds").removesuffix("+00:00").encode()
        first, last = (int(count * edge / AWAY) for edge in (second, second + 1))
        for number in range(first, last):
            customer = int(dice.random() * CUSTOMERS)
            millisecond = (number - first) * 1000 // (last - first)
            head = b'{"specversion":"1.0","id":"%d-%x","source":"/shop/web-3","type":"com.example.request","time":"%b.%03dZ' % (
                seed,
                number,
                at,
                millisecond,
            )
            yield keys[customer], head + tails[customer][dice.random() < BAD]


async def measure(of: Servers, count: int) -> float:
    """The most memory monitor took, in MiB. Raises AssertionError when its account does not add up."""
    print(f"producing {count:,} events of {AWAY / 3600:.0f} h", flush=True)
    await asyncio.to_thread(fill, of.bootstrap, Topic.PRODUCT_EVENTS, hour(count, time.time()))
    highest, told, started = 0.0, 0, time.monotonic()
    async with service(of, "monitor") as (running, port):
        done = 0.0
        while done < count:
            running.check()
            assert time.monotonic() - started < WITHIN, running.failure(f"read only {done:,.0f} of {count:,} in {WITHIN:.0f} s")
            await asyncio.sleep(0.2)
            highest = max(highest, await _rss(running))
            done = await asyncio.to_thread(consumed, port)
            if done >= (told + 1) * count / 5:
                told += 1
                print(f"{done:,.0f} events of backlog read: {await _rss(running):.0f} MiB, {highest:.0f} at most", flush=True)
    print(f"{count / (time.monotonic() - started):,.0f} events a second, start and joining the group included", flush=True)
    await check(of, count)
    return highest


async def _rss(of: Child) -> float:
    """Resident memory in MiB; `ps` says it on every system that runs Docker."""
    ps = await asyncio.create_subprocess_exec("ps", "-o", "rss=", "-p", str(of.process.pid), stdout=asyncio.subprocess.PIPE)
    said, _ = await ps.communicate()
    return int(said) / MIB
