"""Plays a story to a running Forewarn and follows from the outside what comes of it: Kafka in, Kafka and mails out. Knows no service."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer

from deploy.local.mailbox import Mailbox
from deploy.local.verdict import Verdict, judge
from deploy.local.witness import Witness
from deploy.simulator.play import encode, play, producer
from deploy.simulator.product import Message, directory
from deploy.simulator.story import Story
from shared.cloudevents import Undecodable, read_fact
from shared.connecting.brokers import Brokers, Producer
from shared.events import FACT_OF, Topic

FOLLOWED = (Topic.INCIDENTS, Topic.TICKETS)
GIVE_UP_S = 50.0  # after the outage's end: the rule resolves within 25 s, the rest is for slow machines
LINGER_S = 2.0  # after the last expected mail: a second one would come now


@dataclass(frozen=True)
class Target:
    """Is a running Forewarn, as a story sees it; `check` raises when a part of it has failed."""

    brokers: Brokers
    mailbox: Mailbox
    look_again_s: float = 0.1  # how often the mailbox is read
    check: Callable[[], None] = lambda: None


async def tell(target: Target, story: Story, show: Callable[[Witness], None]) -> tuple[Verdict, Witness]:
    """Plays the story in real time until all has happened that must, or the time for it is over; `show` is called as it goes on."""
    async with producer(target.brokers) as sender, _facts(target.brokers) as facts:
        source = f"/shop/{time.time_ns():x}"  # a source of its own, so that a repeated story is a new one to the services
        await play(sender, encode(directory(story.product), time.time(), source))
        seen = Witness(story, start=time.time() + 0.2)
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(_play(sender, seen, source)),
                group.create_task(_follow_facts(facts, seen)),
                group.create_task(_follow_mails(target, seen)),
            ]
            await _until_over(target, seen, show)
            for helper in helpers:
                helper.cancel()
    return judge(seen), seen


async def _until_over(target: Target, seen: Witness, show: Callable[[Witness], None]) -> None:
    give_up_at, over_at = seen.start + seen.outage.end + GIVE_UP_S, float("inf")
    while (now := time.time()) < min(give_up_at, over_at + LINGER_S):
        target.check()
        if seen.over():
            over_at = min(over_at, now)
        show(seen)
        await asyncio.sleep(0.1)


async def _play(sender: Producer, seen: Witness, source: str) -> None:
    messages = _watched(seen.story.messages(seen.told), seen)
    await play(sender, encode(messages, seen.start, source), seen.start)


def _watched(messages: Iterable[Message], seen: Witness) -> Iterator[Message]:
    outage, phase = seen.outage, 0
    phases = (
        (0.0, f"quiet: {seen.story.product.customers:,} customers make {seen.story.product.rate:.0f} requests a second"),
        (outage.start, f"{outage.component} begins to fail for {len(seen.victims)} customers"),
        (outage.end, f"{outage.component} works again"),
        (float("inf"), ""),
    )
    for message in messages:
        while message.offset >= phases[phase][0]:
            seen.note(seen.start + phases[phase][0], "product", phases[phase][1])
            phase += 1
        seen.saw_message(message)
        yield message


@asynccontextmanager
async def _facts(brokers: Brokers) -> AsyncIterator[AIOKafkaConsumer]:
    """Opens a consumer of what the services tell each other from now on."""
    consumer = brokers.consumer(*FOLLOWED, group_id=None, auto_offset_reset="latest")
    try:
        await brokers.start(consumer)
        await consumer.seek_to_end()
        yield consumer
    finally:
        await consumer.stop()


async def _follow_facts(consumer: AIOKafkaConsumer, seen: Witness) -> None:
    async for record in consumer:
        with suppress(Undecodable):  # the services have dead letters for it
            if fact := read_fact(record.value, record.headers, datetime.now(UTC), FACT_OF):
                seen.saw_fact(fact, time.time())


async def _follow_mails(target: Target, seen: Witness) -> None:
    while True:
        seen.saw_mails(await target.mailbox.mails(), time.time())
        await asyncio.sleep(target.look_again_s)
