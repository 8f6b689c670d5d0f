"""Record batches byte by byte, as no client library would write them, and a producer that sends them as they are."""

import struct
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

ATTRIBUTES_AT, CRC_AT, ATTRIBUTES_ENDS, RECORDS_AT = 21, 17, 23, 61
NOW = 1_764_000_000_000  # milliseconds
ODD_NAME = "odd-header-name"  # stands for header names that only bytes can say; see `renamed`

Record = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]  # key, value, headers


def batch(*records: Record, codec: int = 0, first: int = 0, timestamp: int = NOW) -> bytes:
    """A batch of format 2 whose offsets begin at `first`."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 64 << 20)
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, timestamp, key, value, list(headers))
    return struct.pack(">q", first) + bytes(builder.build())[8:]


def renamed(data: bytes, name: bytes) -> bytes:
    """The batch with ODD_NAME replaced by a name of any bytes, filled up to its length."""
    assert ODD_NAME.encode() in data
    return sealed(data.replace(ODD_NAME.encode(), name.ljust(len(ODD_NAME), b"x")))


def packed(data: bytes, codec: int, payload: bytes) -> bytes:
    """The batch with other bytes for its records, which say that they are compressed by that codec."""
    attributes = struct.pack(">h", codec)
    length = struct.pack(">i", RECORDS_AT - 12 + len(payload))
    return sealed(data[:8] + length + data[12:ATTRIBUTES_AT] + attributes + data[ATTRIBUTES_ENDS:RECORDS_AT] + payload)


def sealed(data: bytes) -> bytes:
    """The batch with a checksum that is right."""
    return data[:CRC_AT] + struct.pack(">I", calc_crc32c(data[ATTRIBUTES_AT:])) + data[ATTRIBUTES_AT:]


async def send(producer: AIOKafkaProducer, topic: str, partition: int, data: bytes) -> None:
    """Returns when the broker has it. Raises AssertionError with its error's number when it refuses."""
    await producer.partitions_for(topic)
    node = producer.client.cluster.leader_for_partition(TopicPartition(topic, partition))
    answer = await producer.client.send(node, ProduceRequest(None, -1, 10_000, [(topic, [(partition, data)])]))
    [(_, [(_, error, *_)])] = answer.topics
    assert error == 0, f"the broker refuses the batch: {error}"
