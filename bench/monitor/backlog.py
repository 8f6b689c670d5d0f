"""How much memory monitor takes while it reads what an hour of traffic left: events of one hour, all there before it starts."""

import asyncio
import time

from bench.events import fill, requests
from bench.monitor.process import run
from bench.monitor.stage import ONE, Stage
from shared.events import Topic

AWAY = 3600.0  # seconds of event time


async def measure(stage: Stage) -> dict[str, object]:
    """Returns the most memory it took, in MiB. Raises AssertionError when its account does not add up."""
    of, count = await stage.emptied(ONE), stage.said.backlog
    print(f"producing {count:,} events of {AWAY / 3600:.0f} h", flush=True)
    await asyncio.to_thread(fill, of.bootstrap, Topic.PRODUCT_EVENTS, requests(count, time.time() - AWAY, seed=2, span=AWAY))
    found = await run(of, count)
    print(f"an hour's backlog: {found}", flush=True)
    return {"rss_mb": round(found.memory_mb)}
