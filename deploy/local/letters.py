"""Dead letters on `<topic>.dlq`: read, and sent back to their topic, each once. Prints nothing.

What was sent back is remembered beside the letters, in receipts on the same topic: those are kept as long as the
letters are, which the offsets of a consumer group are not, and they can name some letters and not others.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from deploy.local.printable import printable
from deploy.local.processes import Failed
from shared.dead_letters import PREFIX, REDRIVEN, Form

SUFFIX = ".dlq"
RECEIPT = "forewarn-receipt"  # the header of a message that is no dead letter, but says which were sent back
MOST = 3  # times a message is sent back: what comes again after that is poison
STOP_S = 5.0  # for what is left to be flushed
LARGEST = 64 << 20  # bytes of a record sent back; what it may have compressed is the topic's to say

Place = tuple[int, int]  # partition and offset


@dataclass(frozen=True)
class Letter:
    """A dead letter, and what its headers say."""

    record: ConsumerRecord

    @property
    def place(self) -> Place:
        return self.record.partition, self.record.offset

    @property
    def reason(self) -> str:
        return self.said("reason") or "unknown"

    def said(self, name: str) -> str | None:
        """The last header of ours with that name: one of the same name that came with the message stands before it."""
        held = [value for header, value in self.record.headers if header == PREFIX + name]
        return held[-1].decode(errors="backslashreplace") if held and held[-1] is not None else None

    @property
    def redriven(self) -> int:
        """How often it was sent back before it came here."""
        times = self.said(REDRIVEN.removeprefix(PREFIX)) or "0"
        return int(times) if times.isascii() and times.isdigit() and len(times) < 10 else 0

    @property
    def at(self) -> datetime:
        """When it was put aside."""
        return datetime.fromtimestamp(self.record.timestamp / 1000, UTC)

    @property
    def is_pointer(self) -> bool:
        """It names a record and has none of its bytes: a pointer or a stub."""
        return self.said("form") in (Form.POINTER, Form.STUB)

    @property
    def size(self) -> int:
        """Bytes of the record's value."""
        return self._number("size") if self.is_pointer else len(self.record.value or b"")

    @property
    def stood_at(self) -> Place:
        """Partition and offset of the record in its own topic."""
        return self._number("partition"), self._number("offset")

    def _number(self, name: str) -> int:
        said = self.said(name) or ""
        return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0

    @property
    def is_poison(self) -> bool:
        """It came back as often as it was sent."""
        return self.redriven >= MOST


def letters_of(topic: str) -> str:
    return topic if topic.endswith(SUFFIX) else topic + SUFFIX


@asynccontextmanager
async def _reading(kafka: str, *names: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer in no group, which has all partitions of the topics."""
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=kafka, group_id=None, auto_offset_reset="earliest")
    try:
        await consumer.start()
        yield consumer
    except KafkaError as error:
        raise Failed(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await consumer.stop()


@asynccontextmanager
async def _sending(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka,
        enable_idempotence=True,
        acks="all",
        max_request_size=LARGEST,
        compression_type="gzip",  # a record larger than its topic allows had come compressed
    )
    try:
        await producer.start()
        yield producer
    except KafkaError as error:
        raise Failed(f"Kafka at {kafka}: {error!r}") from error
    finally:
        with suppress(TimeoutError):  # without a broker it would flush for ever
            await asyncio.wait_for(producer.stop(), STOP_S)


async def topics(kafka: str) -> list[str]:
    async with _reading(kafka) as reader:
        return sorted(await reader.topics())


async def receipts(kafka: str, name: str) -> set[Place]:
    """The letters that were sent back. Raises Failed when there is no such topic."""
    if name not in await topics(kafka):
        raise Failed(f"there is no topic {printable(name)}")
    sent: set[Place] = set()
    async for record in records(kafka, name):
        if _is_receipt(record):
            sent.update(msgspec.json.decode(record.value, type=list[Place]))
    return sent


async def letters(kafka: str, name: str) -> AsyncIterator[Letter]:
    async for record in records(kafka, name):
        if not _is_receipt(record):
            yield Letter(record)


def _is_receipt(record: ConsumerRecord) -> bool:
    """A letter may have come with any header, but has a reason."""
    headers = {header for header, _ in record.headers}
    return RECEIPT in headers and PREFIX + "reason" not in headers


async def records(kafka: str, name: str) -> AsyncIterator[ConsumerRecord]:
    """Everything the topic holds by now, the records of a partition in their order."""
    async with _reading(kafka, name) as reader:
        ends = await reader.end_offsets(list(reader.assignment()))
        while any([await reader.position(place) < end for place, end in ends.items()]):
            for place, found in (await reader.getmany(timeout_ms=200)).items():
                for record in found:
                    if record.offset < ends[place]:
                        yield record


async def send_back(kafka: str, name: str, sent: Sequence[tuple[Letter, ConsumerRecord]]) -> list[Letter]:
    """The records as they came, then the receipt: killed in between, they go once more, and an event's id counts once.

    Returns the letters whose record the broker finds too large for the topic. Such a one breaks the producer's sequence for
    those behind it, so what failed goes again in halves, each with a producer of its own.
    """
    async with _sending(kafka) as sender:
        under_way = [
            await sender.send(name.removesuffix(SUFFIX), _value(record), key=record.key, headers=_headers(letter, record))
            for letter, record in sent
        ]
        outcomes = await asyncio.gather(*under_way, return_exceptions=True)
        failed = [pair for pair, outcome in zip(sent, outcomes, strict=True) if isinstance(outcome, BaseException)]
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if errors and not any(isinstance(error, MessageSizeTooLargeError) for error in errors):
            raise errors[0]
        gone = [letter.place for (letter, _), outcome in zip(sent, outcomes, strict=True) if not isinstance(outcome, BaseException)]
        if gone:
            await sender.send_and_wait(name, msgspec.json.encode(gone), headers=[(RECEIPT, b"1")])
    if len(sent) == 1:
        return [letter for letter, _ in failed]
    half = (len(failed) + 1) // 2
    return [letter for part in (failed[:half], failed[half:]) if part for letter in await send_back(kafka, name, part)]


def _value(record: ConsumerRecord) -> bytes | None:
    """As it came; aiokafka sends no record without key and value."""
    return b"" if record.key is None and record.value is None else record.value


def _headers(letter: Letter, record: ConsumerRecord) -> list[tuple[str, bytes]]:
    """As they came, and how often the message has been sent back now."""
    own = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    return [*own, (REDRIVEN, str(letter.redriven + 1).encode())]
