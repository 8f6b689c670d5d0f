"""What the rooms share: the servers, the events that the topic holds now, and runs that more than one of them needs."""

import asyncio
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass

from bench.events import CUSTOMERS, RATE, fill, requests
from bench.monitor.process import Ran, run
from bench.servers import RULES, Servers, anew, empty
from shared.events import Topic

ONE = RULES.read_text()
TWELVE = RULES.with_name("rules-12.yml").read_text()


@dataclass
class Stage:
    """The servers of all rooms but the one that measures how soon customers are told."""

    of: Servers
    said: Namespace
    _customers: int = 0  # of the events that the topic holds
    _databases: int = 0
    _one_rule: Ran | None = None

    async def with_rules(self, rules: str) -> Servers:
        """Returns an empty database and these rules; the events stay, and are all to be read."""
        self._databases += 1
        return await anew(self.of, f"bench_{self._databases}", rules, keeping=[Topic.PRODUCT_EVENTS])

    async def emptied(self, rules: str) -> Servers:
        """Returns the same with no event at all."""
        self._databases, self._customers = self._databases + 1, 0
        return await anew(self.of, f"bench_{self._databases}", rules)

    async def filled(self, customers: int = CUSTOMERS) -> None:
        """Puts the events of so many customers on the topic, unless they are there."""
        if customers == self._customers:
            return
        count = self.said.events
        await empty(self.of)
        print(f"producing {count:,} events of {customers:,} customers to 10 partitions", flush=True)
        start = time.time() - count / RATE  # none of them comes from the future
        await asyncio.to_thread(fill, self.of.bootstrap, Topic.PRODUCT_EVENTS, requests(count, start, customers=customers))
        self._customers = customers

    async def add(self, events: Iterator[tuple[bytes, bytes]]) -> None:
        """Puts further events on the topic; it is filled anew the next time."""
        self._customers = 0
        await asyncio.to_thread(fill, self.of.bootstrap, Topic.PRODUCT_EVENTS, events)

    async def one_rule(self) -> Ran:
        """Returns how monitor does with one rule and 100,000 customers, which others are compared with."""
        if self._one_rule is None:
            await self.filled()
            self._one_rule = await run(await self.with_rules(ONE), self.said.events)
            print(f"one rule: {self._one_rule}", flush=True)
        return self._one_rule
