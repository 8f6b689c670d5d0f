"""10,000 customers have endpoints of their own, and an incident touches all: how many are called a minute, and what it does to the others
when one in a hundred hangs.

Each customer's time counts from when the incident was said until the endpoint had the call. The same is done with all endpoints answering,
and with a hundred of them that never do; the ratio is that of the 99th percentiles of those that answer. Runs that are alike differ by a
tenth: there are two of each, so that both stand as early and as late, and of each the better counts.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from statistics import quantiles

from bench.notifier.stage import STARTS_WITHIN, fill, impacts, notifier, now, office, opened, reached, say
from bench.servers import Servers
from deploy.local.processes import announced, child

CUSTOMERS, ONE_IN = 10_000, 100  # every so many-th hangs
SECONDS = 60.0
RUNS = (False, True, True, False)  # with endpoints that hang


@dataclass(frozen=True)
class Hooks:
    """The endpoints, in a process of their own."""

    port: int
    asked: int

    async def first(self) -> dict[str, float]:
        """Returns when the first call came, by path."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.asked)
        said = json.loads(await reader.read())
        writer.close()
        found: dict[str, float] = said["first"]
        return found

    async def count(self) -> int:
        return len(await self.first())


async def measure(of: Servers) -> dict[str, object]:
    """Returns webhooks_per_min and healthy_p99_ratio_with_hanging. Raises AssertionError when an endpoint that answers is not called."""
    policy = of.folder / "config" / "notifications.yml"
    policy.write_text(re.sub(r"(?m)^channels: .*", "channels: [webhook, email]", policy.read_text()))
    runs = [(hangs, *await _called(of, f"run-{number}", hanging=hangs)) for number, hangs in enumerate(RUNS)]
    healthy = min(p99 for hangs, p99, _ in runs if not hangs)
    hanging, per_min = min(p99 for hangs, p99, _ in runs if hangs), max(calls for hangs, _, calls in runs if hangs)
    print(f"notifier: {per_min:,.0f} webhooks a minute; p99 {healthy:.2f} s, with hanging endpoints {hanging:.2f} s", flush=True)
    return {
        "healthy_p99_ratio_with_hanging": round(hanging / healthy, 2),
        "webhooks_per_min": round(per_min),
        "webhook_p99_s": round(hanging, 2),
    }


async def _called(of: Servers, name: str, *, hanging: bool) -> tuple[float, float]:
    """Returns the 99th percentile of the seconds until an endpoint that answers was called, and how many were called a minute."""
    async with child("bench.notifier.hook_sink", environment={}, log=of.folder / f"{name}.log") as sink:
        port, asked = [int(await announced(sink, what, STARTS_WITHIN)) for what in ("listening on ", "asked on ")]
        hooks = Hooks(port, asked)
        await fill(of, "customers", f"{name}-", CUSTOMERS)
        await fill(of, "endpoints", f"{name}-", CUSTOMERS, f"http://127.0.0.1:{port}", ONE_IN if hanging else CUSTOMERS + 1)
        answering = CUSTOMERS - (CUSTOMERS // ONE_IN if hanging else 0)
        allowed = {"FOREWARN_WEBHOOK_NETWORKS": "127.0.0.0/8", "FOREWARN_WEBHOOK_CLEAR": "true", "FOREWARN_WEBHOOK_SECRET": "bench" * 8}
        async with office(of.folder, f"{name}-mails") as mails, notifier(of, mails.settings | allowed):
            at = now()
            say(of, [opened(name, at), *impacts(name, at, [f"{name}-{number}" for number in range(CUSTOMERS)])])
            await reached(hooks.count, answering)
            first = (await hooks.first()).values()
    assert len(first) == answering, "each endpoint that answers is called"
    took = sorted(each - at.timestamp() for each in first)
    return quantiles(took, n=100, method="inclusive")[98], answering / (max(first) - min(first)) * SECONDS
