"""`python -m tests.faults.storm` kills notifiers while they tell 100,000 customers, and prints the account as one line of JSON.

Two replicas work; ten times one of them dies by SIGKILL in the middle of it, and starts again. Every customer gets one message. Only
what was under way when its process died may come again: with the same Message-ID, and counted as another try of its delivery.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench.notifier.stage import Office, entered, fill, impacts, now, office, opened, say
from bench.servers import Servers, servers, service, until_ready
from deploy.local.processes import Child

WITHIN = 600.0  # seconds
REPLICAS = 2
AGAIN = "SELECT r.customer_id FROM notifier.notifications r JOIN notifier.deliveries d ON d.notification_id = r.id WHERE d.tries > 1"
LEFT = "SELECT count(*) FROM notifier.notifications WHERE status <> 'delivered'"


@dataclass
class Replica:
    """One of the notifiers, which starts again whenever it dies."""

    of: Servers
    office: Office
    running: Child | None = None
    deaths: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Runs until cancelled."""
        while True:
            async with service(self.of, "notifier", self.office.settings) as (child, port):
                await until_ready((child, port))
                self.running = child
                self.up.set()
                await child.process.wait()
                self.up.clear()
                self.deaths += 1

    async def die(self) -> None:
        """Kills the process, once it is up."""
        await self.up.wait()
        assert self.running is not None
        self.running.process.send_signal(signal.SIGKILL)
        await self.running.process.wait()


async def main(customers: int, kills: int, seed: int) -> int:
    """Returns the exit code: 0 when every customer has one message, but for what was under way at a death."""
    dice, found = random.Random(seed), dict[str, object]()
    async with AsyncExitStack() as up:
        of = await up.enter_async_context(servers())
        sink = await up.enter_async_context(office(of.folder))
        await fill(of, "customers", "c-", customers)
        replicas = [Replica(of, sink) for _ in range(REPLICAS)]
        living = [asyncio.create_task(each.live()) for each in replicas]
        at, began = now(), time.monotonic()
        await asyncio.gather(*(each.up.wait() for each in replicas))
        say(of, [opened("storm", at), *impacts("storm", at, [f"c-{number}" for number in range(customers)])])
        for number in range(kills):
            await _until(sink, round(customers * (number + dice.random()) / (kills + 1)))
            await dice.choice(replicas).die()
            print(f"killed one after {await sink.count():,} mails ({time.monotonic() - began:.0f} s)", flush=True)
        found = await _account(of, sink, customers)
        for each in living:
            each.cancel()
        await asyncio.gather(*living, return_exceptions=True)
    found |= {"kills": sum(each.deaths for each in replicas), "seconds": round(time.monotonic() - began)}
    print(json.dumps(found))
    wrong = ("untold", "not_settled", "told_twice_uncounted", "told_twice_otherwise", "strangers")
    return int(any(found[each] for each in wrong))


async def _until(sink: Office, count: int) -> None:
    async with asyncio.timeout(WITHIN):
        while await sink.count() < count:  # noqa: ASYNC110  another process counts
            await asyncio.sleep(0.1)


async def _account(of: Servers, sink: Office, customers: int) -> dict[str, object]:
    """Waits until all is settled, and compares what the mail server saw with the ledger."""
    connection = await of.connect()
    try:
        written = await entered(connection)
        async with asyncio.timeout(WITHIN):
            while await written() < customers or await connection.fetchval(LEFT):  # noqa: ASYNC110  others work
                await asyncio.sleep(0.5)
        again = {f"{row['customer_id']}@example.org" for row in await connection.fetch(AGAIN)}
        left = await connection.fetchval(LEFT)
    finally:
        await connection.close()
    seen = await sink.look("c-")
    told, repeated, otherwise = (set(seen[name]) for name in ("first", "repeated", "otherwise"))  # type: ignore[call-overload]
    expected = {f"c-{number}@example.org" for number in range(customers)}
    return {
        "customers": customers,
        "told": len(told & expected),
        "untold": len(expected - told),
        "strangers": len(told - expected),
        "not_settled": left,
        "tried_again": len(again),
        "told_twice": len(repeated),
        "told_twice_uncounted": len(repeated - again),
        "told_twice_otherwise": len(otherwise),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    sys.exit(asyncio.run(main(said.customers, said.kills, said.seed)))
