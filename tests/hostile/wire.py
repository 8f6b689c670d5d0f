"""Sends records to topics of a broker, each in a batch of its own with any codec, to random partitions."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.client import AIOKafkaClient

from tests import batches


@dataclass(frozen=True)
class Record:
    """One record, and the codec of the batch that it is alone in."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    timestamp: int = 0  # milliseconds since the epoch
    codec: str = "none"

    def batch(self) -> bytes:
        """Returns the batch as it is on the wire."""
        record = batches.Record(self.key, self.value, self.headers, self.timestamp)
        return batches.batch(record, codec=list(batches.CODECS).index(self.codec))


@asynccontextmanager
async def writing(bootstrap: str, seed: int) -> AsyncIterator["Writer"]:
    """Yields a writer while the context lasts."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        yield Writer(client, random.Random(seed))
    finally:
        await client.close()


class Writer:
    """Sends records one by one."""

    def __init__(self, client: AIOKafkaClient, dice: random.Random) -> None:
        self._client, self._dice = client, dice

    async def send(self, record: Record) -> int:
        """Returns the broker's answer: 0, or the number of the error it refuses the record with."""
        await self._client.add_topic(record.topic)
        partition = self._dice.choice(sorted(self._client.cluster.partitions_for_topic(record.topic)))
        return await batches.answered(self._client, record.topic, partition, record.batch())
