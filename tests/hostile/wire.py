"""Records as no well-behaved client would write them: any bytes as a header's name, any timestamp, any codec.

The record batch is built by hand (https://kafka.apache.org/documentation/#recordbatch) and sent in a Produce request.
"""

import random
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import cramjam
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")  # in the order of their numbers


@dataclass(frozen=True)
class Record:
    """One record, and the codec of the batch that it is alone in."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    timestamp: int = 0  # milliseconds since the epoch
    codec: str = "none"


@asynccontextmanager
async def writing(bootstrap: str, seed: int) -> AsyncIterator["Writer"]:
    """A writer while the context lasts."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        yield Writer(client, random.Random(seed))
    finally:
        await client.close()


class Writer:
    """Sends batches of one record each to partitions drawn by dice."""

    def __init__(self, client: AIOKafkaClient, dice: random.Random) -> None:
        self._client, self._dice = client, dice

    async def send(self, record: Record) -> int:
        """The broker's answer: 0, or the error code it refuses the record with."""
        await self._client.add_topic(record.topic)
        partition = self._dice.choice(sorted(self._client.cluster.partitions_for_topic(record.topic)))
        node = self._client.cluster.leader_for_partition(TopicPartition(record.topic, partition))
        request = ProduceRequest(None, 1, 10_000, [(record.topic, [(partition, batch(record))])])
        answer = await self._client.send(node, request)
        [(_, [(_, code, *_)])] = answer.topics
        return int(code)


def batch(record: Record) -> bytes:
    """A record batch of magic 2 with this one record."""
    records = _compressed(_record(record), record.codec)
    after_crc = struct.pack(">hiqqqhii", CODECS.index(record.codec), 0, record.timestamp, record.timestamp, -1, -1, -1, 1)
    after_crc += records
    after_length = struct.pack(">ibI", -1, 2, calc_crc32c(after_crc)) + after_crc
    return struct.pack(">qi", 0, len(after_length)) + after_length


def _record(record: Record) -> bytes:
    body = bytearray(b"\0\0\0")  # attributes, timestamp delta, offset delta
    for held in (record.key, record.value):
        _bytes(body, held)
    encode_varint(len(record.headers), body.append)
    for name, value in record.headers:
        _bytes(body, name)
        _bytes(body, value)
    whole = bytearray()
    encode_varint(len(body), whole.append)
    return bytes(whole + body)


def _bytes(body: bytearray, held: bytes | None) -> None:
    encode_varint(-1 if held is None else len(held), body.append)
    body += held or b""


def _compressed(records: bytes, codec: str) -> bytes:
    match codec:
        case "gzip":
            return bytes(cramjam.gzip.compress(records))
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(records))
        case "lz4":
            return bytes(cramjam.lz4.compress(records))
        case "zstd":
            return bytes(cramjam.zstd.compress(records))
    return records
