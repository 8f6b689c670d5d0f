"""Record batches byte by byte, as no client library would write them, and a producer that sends them as they are.

https://kafka.apache.org/documentation/#recordbatch
"""

import asyncio
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

ATTRIBUTES_AT, CRC_AT, ATTRIBUTES_ENDS, RECORDS_AT = 21, 17, 23, 61
NOT_LEADER = 6  # Kafka's number
NOW = 1_764_000_000_000  # milliseconds since the epoch
# They stand in the order of their numbers.
CODECS = {"none": bytes, "gzip": gzip_encode, "snappy": snappy_encode, "lz4": lz4_encode, "zstd": zstd_encode}


class Record(NamedTuple):
    """One record: any bytes may be a header's name, any number its timestamp (milliseconds)."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[bytes | str, bytes | None]] = ()
    timestamp: int = NOW


Fields = Record | tuple[bytes | None, bytes | None, Sequence[tuple[bytes | str, bytes | None]]]


def batch(*records: Fields, codec: int = 0, first: int = 0) -> bytes:
    """Returns a batch of format 2 whose offsets begin at `first`."""
    held = [Record(*each) for each in records]
    times = [each.timestamp for each in held]
    payload = list(CODECS.values())[codec](b"".join(_record(each, number, times[0]) for number, each in enumerate(held)))
    head = struct.pack(">hiqqqhii", codec, len(held) - 1, times[0], max(times), -1, -1, -1, len(held))
    whole = struct.pack(">qiibI", first, RECORDS_AT - 12 + len(payload), -1, 2, 0) + head + bytes(payload)
    return sealed(whole)


def _record(record: Record, number: int, first_timestamp: int) -> bytes:
    body = bytearray(b"\0")  # attributes
    encode_varint(record.timestamp - first_timestamp, body.append)
    encode_varint(number, body.append)
    _put(body, record.key)
    _put(body, record.value)
    encode_varint(len(record.headers), body.append)
    for name, value in record.headers:
        _put(body, name.encode() if isinstance(name, str) else name)
        _put(body, value)
    length = bytearray()
    encode_varint(len(body), length.append)
    return bytes(length + body)


def _put(body: bytearray, held: bytes | None) -> None:
    encode_varint(-1 if held is None else len(held), body.append)
    body += held or b""


def packed(data: bytes, codec: int, payload: bytes) -> bytes:
    """Returns the batch with other bytes for its records, which say that they are compressed by that codec."""
    attributes = struct.pack(">h", codec)
    length = struct.pack(">i", RECORDS_AT - 12 + len(payload))
    return sealed(data[:8] + length + data[12:ATTRIBUTES_AT] + attributes + data[ATTRIBUTES_ENDS:RECORDS_AT] + payload)


def sealed(data: bytes) -> bytes:
    """Returns the batch with a checksum that is right."""
    return data[:CRC_AT] + struct.pack(">I", calc_crc32c(data[ATTRIBUTES_AT:])) + data[ATTRIBUTES_AT:]


async def send(producer: AIOKafkaProducer, topic: str, partition: int, data: bytes) -> None:
    """Returns when the broker has it. Raises AssertionError with its error's number when it refuses."""
    await producer.partitions_for(topic)
    async with asyncio.timeout(10):
        error = NOT_LEADER
        while error == NOT_LEADER:  # of a topic made a moment ago
            error = await answered(producer.client, topic, partition, data)
    assert error == 0, f"the broker refuses the batch: {error}"


async def send_records(producer: AIOKafkaProducer, topic: str, records: Iterable[Fields], partition: int = 0) -> None:
    """Sends them in one batch. Raises AssertionError when the broker refuses it."""
    await send(producer, topic, partition, batch(*records))


async def answered(client: AIOKafkaClient, topic: str, partition: int, data: bytes) -> int:
    """Returns the number of the error that the broker answers a batch with; 0 when it took it."""
    node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
    answer = await client.send(node, ProduceRequest(None, -1, 10_000, [(topic, [(partition, data)])]))
    [(_, [(_, error, *_)])] = answer.topics
    return int(error)
