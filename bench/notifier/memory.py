"""A million notifications are due: how much memory a notifier takes more than one that has nothing to do."""

import asyncio

from bench.monitor.process import MIB, look
from bench.notifier.stage import black_hole, fill, notifier
from bench.servers import Servers

DUE = 1_000_000
SECONDS = 20.0  # of watching


async def measure(of: Servers) -> dict[str, object]:
    """Returns rss_growth_mb, in MiB."""
    async with black_hole() as settings:
        async with notifier(of, settings) as (_, port):
            before = await _highest(port)
        await fill(of, "incident", "million")
        await fill(of, "due", "million", "m-", DUE)
        async with notifier(of, settings) as (_, port):
            grown = await _highest(port) - before
    print(f"notifier: {grown:,.0f} MiB more with {DUE:,} due", flush=True)
    return {"rss_growth_mb": round(grown)}


async def _highest(port: int) -> float:
    """Returns the most memory it takes while it is watched, in MiB."""
    looks = []
    for _ in range(round(SECONDS)):
        looks.append((await look(port)).memory)
        await asyncio.sleep(1)
    return max(looks) / MIB
