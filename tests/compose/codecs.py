"""Producers of every codec Kafka has, by librdkafka and by Kafka's own client, on the compose stack that runs."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer

from shared.events import Topic
from tests.compose.running import KAFKA, Running, compose
from tests.e2e.shop import Shop, until

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


async def producers_of_every_codec(stack: Running) -> dict[str, Any]:
    """Lets producers of every codec each tell of an outage of its own, whose customers are told."""
    name = uuid4().hex[:5]
    async with AsyncExitStack() as opened:

        async def shops(client: str) -> dict[str, Shop]:
            return {codec: await opened.enter_async_context(stack.shop(f"{client}{codec}{name}")) for codec in CODECS}

        ours, theirs = await shops("librd"), await shops("java")
        await asyncio.gather(asyncio.to_thread(_by_librdkafka, ours), _by_kafkas_own(theirs))
        every = [*ours.values(), *theirs.values()]
        await asyncio.gather(*(shop.told("opened", 20, seconds=60) for shop in every))
        await until(every[0].ready, "every service is ready", seconds=60)
        return {"told": {shop.name: len({mail.to for mail in await shop.mails("opened")}) for shop in every}}


def _by_librdkafka(shops: dict[str, Shop]) -> None:
    for codec, shop in shops.items():
        producer = Producer({"bootstrap.servers": KAFKA, "compression.type": codec, "linger.ms": 50})
        for key, event in shop.outage(f"checkout-{shop.name}"):
            producer.produce(Topic.PRODUCT_EVENTS, event, key)
        assert producer.flush(30) == 0, f"{codec}: not everything was sent"


async def _by_kafkas_own(shops: dict[str, Shop]) -> None:
    """Sends by Kafka's own client, one codec after the other: each is a JVM within the broker's container."""
    within = ("exec", "-T", "--env", "KAFKA_HEAP_OPTS=-Xmx128m", "kafka", "/opt/kafka/bin/kafka-console-producer.sh")
    keyed = ("--property", "parse.key=true", "--property", "key.separator=|")
    to = ("--bootstrap-server", "localhost:9092", "--topic", Topic.PRODUCT_EVENTS)
    for codec, shop in shops.items():
        lines = b"".join(b"%s|%s\n" % keyed_event for keyed_event in shop.outage(f"checkout-{shop.name}"))
        await compose(*within, *to, *keyed, "--compression-codec", codec, given=lines)
