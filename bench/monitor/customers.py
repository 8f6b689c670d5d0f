"""What an event costs with a hundred times as many customers, and how soon a monitor that remembers them all reads on after a restart."""

import asyncio
import time
from collections.abc import Iterator

from bench.events import requests
from bench.monitor.process import EVERY, Ran, look, run
from bench.monitor.stage import TWELVE, Stage
from bench.servers import Servers, service

FEW, MANY = 10_000, 1_000_000
AFTER = 10_000  # events that come while it is away
WITHIN = 120.0  # seconds for a restart


async def measure(stage: Stage) -> dict[str, object]:
    """All customers are known before it counts; three of the twelve rules remember every one of them."""
    events = stage.said.events
    customers = min(MANY, events // 2)
    few, _ = await _with(stage, FEW, customers)
    many, of = await _with(stage, customers, customers)
    await stage.add(_later())
    restart = await _restarted(of, events)
    print(f"restart with {customers:,} customers: {restart:.1f} s until what came meanwhile is read", flush=True)
    return {
        "cost_1m_to_10k_customers": round(many.cpu_us / few.cpu_us, 3),
        "restart_1m_customers_s": round(restart, 1),
        "rss_1m_customers_mb": round(many.memory_mb),
    }


async def _with(stage: Stage, customers: int, since: int) -> tuple[Ran, Servers]:
    await stage.filled(customers)
    of = await stage.with_rules(TWELVE)
    found = await run(of, stage.said.events, since)
    print(f"twelve rules, {customers:,} customers: {found}", flush=True)
    return found, of


async def _restarted(of: Servers, read: int) -> float:
    """Returns the seconds from the start of the process until it has read what came while it was away."""
    started = time.monotonic()
    async with service(of, "monitor") as (running, port):
        while (await look(port)).done < AFTER:
            running.check()
            assert time.monotonic() - started < WITHIN, running.failure(f"did not read on within {WITHIN:.0f} s after {read:,} events")
            await asyncio.sleep(EVERY)
        return time.monotonic() - started


def _later() -> Iterator[tuple[bytes, bytes]]:
    return requests(AFTER, time.time() - 1, seed=9, customers=FEW, span=1.0)
