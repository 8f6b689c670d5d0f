"""Records as no well-behaved client writes them: header names that are no UTF-8, times that cannot be."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as Builder


class Name(str):
    """A header's name that stands for these bytes on the wire, whatever they are."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "Name":
        name = super().__new__(cls, "")
        name.raw = raw
        return name

    def encode(self, *_: str) -> bytes:
        return self.raw


class Raw(NamedTuple):
    """A record; its timestamp is in milliseconds."""

    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    key: bytes | None = None
    timestamp: int = 1_764_000_000_000


async def send_raw(producer: AIOKafkaProducer, topic: str, records: Iterable[Raw], partition: int = 0) -> None:
    """Sends them in one batch, as they are. `producer` is not idempotent."""
    batch = producer.create_batch()
    batch._builder = Builder(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=16 << 20
    )  # aiokafka's compiled one takes no names but true strings
    for record in records:
        headers = [(Name(name), value) for name, value in record.headers]
        batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=headers)
    await (await producer.send_batch(batch, topic, partition=partition))
