"""Runs monitor on what its topic holds and looks at it from outside: how far it is, what it cost, how much memory it takes."""

import asyncio
import re
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Self

from bench.servers import Servers, service
from deploy.local.processes import Child
from shared.events import Topic

EVERY = 0.1  # seconds between two looks
WITHIN = 600.0  # seconds that a run may take
MIB = 2**20

CONSUMED = rf'forewarn_consumed_records_total\{{topic="{Topic.PRODUCT_EVENTS}"\}}'
ACCOUNT = "SELECT sum(read) AS read, sum(counted) AS counted, sum(duplicate) AS twice FROM monitor.fold_accounts"


@dataclass(frozen=True)
class Look:
    """One look at a process: all that it has done since it started, and when that was."""

    at: float = 0.0
    done: float = 0.0  # events whose effects are committed
    cpu: float = 0.0  # seconds
    memory: float = 0.0  # bytes that are resident

    @classmethod
    def of(cls, port: int) -> Self:
        """Asks a process for its metrics; one that does not answer yet has done nothing."""
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            said = connection.getresponse().read().decode()
        except (OSError, HTTPException):
            return cls(time.perf_counter())
        finally:
            connection.close()
        names = CONSUMED, "process_cpu_seconds_total", "process_resident_memory_bytes"
        return cls(time.perf_counter(), *(_value(name, said) for name in names))


@dataclass(frozen=True)
class Ran:
    """What a run of one process came to, from the first events that count to the last."""

    events_per_s: float
    cpu_us: float  # of one event
    memory_mb: float  # at most

    def __str__(self) -> str:
        rate = f"{self.events_per_s:,.0f} events a second, exactly once"
        return f"{rate}, {self.cpu_us:.2f} µs of CPU each, {self.memory_mb:,.0f} MiB at most"


def _value(name: str, metrics: str) -> float:
    found = re.search(rf"^{name} (\S+)", metrics, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def look(port: int) -> Look:
    """Returns what a process has done so far."""
    return await asyncio.to_thread(Look.of, port)


async def run(of: Servers, count: int, since: int = 1) -> Ran:
    """Starts a monitor, and ends it when it has read `count` events. What it did from `since` events on counts.

    Raises AssertionError when its account does not add up.
    """
    async with service(of, "monitor") as (running, port):
        found = await watched(running, port, count, since)
    await check(of, count)
    return found


async def watched(running: Child, port: int, count: int, since: int = 1) -> Ran:
    """Looks at a process until it has read `count` events."""
    first, now, highest, deadline = Look(), Look(), 0.0, time.monotonic() + WITHIN
    while now.done < count:
        running.check()
        assert time.monotonic() < deadline, running.failure(f"read only {now.done:,.0f} of {count:,} events in {WITHIN:.0f} s")
        await asyncio.sleep(EVERY)
        now = await look(port)
        highest = max(highest, now.memory)
        if not first.done and now.done >= since:
            first = now
    events = now.done - first.done
    assert events > 0, f"all {count:,} events were read between two looks: take more of them"
    return Ran(events / (now.at - first.at), (now.cpu - first.cpu) / events * 1e6, highest / MIB)


async def check(of: Servers, count: int) -> None:
    """Raises AssertionError unless monitor has read and counted so many events, none of them twice."""
    connection = await of.connect()
    try:
        account = await connection.fetchrow(ACCOUNT)
    finally:
        await connection.close()
    assert account is not None
    assert (account["read"], account["counted"], account["twice"]) == (count, count, 0), dict(account)
