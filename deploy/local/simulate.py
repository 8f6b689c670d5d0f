"""Plays the simulated product to any Kafka, for as long as you like: to watch, to load with, or to try a rule on."""

import time
from dataclasses import dataclass

from deploy.local.terminal import say
from deploy.simulator.faults import Outage
from deploy.simulator.play import customers_told, encode, play, producer
from deploy.simulator.product import Product, directory
from deploy.simulator.story import Story
from shared.connecting.brokers import Brokers


@dataclass(frozen=True)
class Load:
    """Says what to play: `rate` requests a second of that many customers, for `seconds` (None: until stopped)."""

    rate: float
    customers: int
    seconds: float | None
    outage: Outage | None = None
    seed: int = 7

    def story(self) -> Story:
        product = Product(self.customers, self.rate, seed=self.seed)
        return Story(product, faults=(self.outage,) if self.outage else ())


async def simulate_on(brokers: Brokers, load: Load) -> int:
    """Sends the customers first, then plays in real time; prints at the end how much it was. Returns the exit code."""
    story = load.story()
    async with producer(brokers) as sender, customers_told(brokers) as told:
        source = f"/shop/{time.time_ns():x}"
        customers = await play(sender, encode(directory(story.product), time.time(), source))
        say(f"{customers} customers are in the directory; playing {load.rate:.0f} requests a second as {source}")
        start = time.time()
        messages = story.messages(told.__contains__, float("inf") if load.seconds is None else load.seconds)
        played = await play(sender, encode(messages, start, source), start)
        say(f"{played} messages in {time.time() - start:.1f} s; {len(told)} customers were told something")
    return 0
