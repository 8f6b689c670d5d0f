"""Reads dead letters on `<topic>.dlq`, whatever else stands there, and sends each back to its topic once. Prints nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from shared.connecting.brokers import Brokers, Producer
from shared.failed import Failed
from shared.letters import receipts
from shared.letters.reading import everything, topics
from shared.observing.printable import printable
from shared.outgoing.rows import REFUSALS, Refusal
from shared.streaming.dead_letters import PREFIX, REDRIVEN, Form
from shared.streaming.unpacking import Unreadable

SUFFIX = ".dlq"
MOST = 3  # times a message is sent back: what comes again after that is a poison message
LONGEST_REASON = 100  # characters: ours are shorter
STOP_S = 5.0  # for what is left to be flushed
LARGEST = 64 << 20  # bytes of a record sent back; the topic limits what it may have compressed

Place = tuple[int, int]  # partition and offset


@dataclass(frozen=True)
class Letter:
    """Is a dead letter, and what its headers say."""

    record: ConsumerRecord

    @property
    def place(self) -> Place:
        return self.record.partition, self.record.offset

    @property
    def reason(self) -> str:
        return (self.said("reason") or "unknown")[:LONGEST_REASON]

    def said(self, name: str) -> str | None:
        """Returns the last header of ours with that name: one of the same name that came with the message stands before it."""
        held = [value for header, value in self.record.headers if header == PREFIX + name]
        return held[-1].decode(errors="backslashreplace") if held and held[-1] is not None else None

    @property
    def redriven(self) -> int:
        """Returns how often it was sent back before it came here."""
        times = self.said(REDRIVEN.removeprefix(PREFIX)) or "0"
        return int(times) if times.isascii() and times.isdigit() and len(times) < 10 else 0

    @property
    def is_pointer(self) -> bool:
        """Returns True when it names a record and has none of its bytes: a pointer or a stub."""
        return self.said("form") in (Form.POINTER, Form.STUB)

    @property
    def size(self) -> int:
        """Returns the bytes of the record's value."""
        return self._number("size") if self.is_pointer else len(self.record.value or b"")

    @property
    def stood_at(self) -> Place:
        """Returns the partition and offset of the record in its own topic."""
        return self._number("partition"), self._number("offset")

    def _number(self, name: str) -> int:
        said = self.said(name) or ""
        return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0

    @property
    def is_foreign(self) -> bool:
        """Returns True when its topic is another system's: others read it, too, so nothing is sent back there, but mapped again."""
        return self.said("foreign") is not None

    @property
    def is_poison(self) -> bool:
        """Returns True when it came back as often as it may be sent."""
        return self.redriven >= MOST


@dataclass(frozen=True)
class NoLetter:
    """Stands for a record that no service put aside, or that cannot be read: it is named, and never sent back."""

    place: Place
    wrong: str


def letters_of(topic: str) -> str:
    return topic if topic.endswith(SUFFIX) else topic + SUFFIX


@asynccontextmanager
async def sending(brokers: Brokers) -> AsyncIterator[Producer]:
    producer = brokers.producer(
        enable_idempotence=True,
        acks="all",
        max_request_size=LARGEST,
        compression_type="gzip",  # a record larger than its topic allows had come compressed
    )
    try:
        await brokers.start(producer)
        yield producer
    except KafkaError as error:
        raise Failed(f"Kafka at {brokers.servers}: {error}") from error
    finally:
        with suppress(TimeoutError):  # without a broker the flush would never end
            async with asyncio.timeout(STOP_S):
                await producer.stop()


async def letters(brokers: Brokers, name: str) -> AsyncIterator[Letter | NoLetter]:
    """Yields everything on a dead letter topic. Raises Failed when there is no such topic."""
    if name not in await topics(brokers):
        raise Failed(f"there is no topic {printable(name)}")
    async for each in everything(brokers, name):
        if isinstance(each, Unreadable):
            yield NoLetter((each.partition, each.offset), f"no client can unpack it: {each.why}")
        elif (letter := Letter(each)).said("reason") is None:
            yield NoLetter(letter.place, f"it has no header {PREFIX}reason: no service put it aside")
        else:
            yield letter


async def latest(brokers: Brokers, name: str, at_most: int) -> list[Letter]:
    """Returns the letters among the latest `at_most` records of each partition, the latest first. Raises Failed without the topic."""
    if name not in await topics(brokers):
        raise Failed(f"there is no topic {printable(name)}")
    found = [each async for each in everything(brokers, name, at_most) if not isinstance(each, Unreadable)]
    written = [letter for letter in map(Letter, found) if letter.said("reason") is not None]
    return sorted(written, key=lambda letter: (letter.record.timestamp, letter.place), reverse=True)


async def send_back(brokers: Brokers, name: str, sent: Sequence[tuple[Letter, ConsumerRecord]]) -> list[Letter]:
    """Sends the records as they came, then the receipt: after a crash in between they are sent once more, and an event's id counts once.

    Returns the letters whose record the broker refuses: too large for the topic, or without the key that a compacted one needs.
    Such a one breaks the producer's sequence for those behind it, so what failed goes again in halves, each with a producer of
    its own.
    """
    async with sending(brokers) as sender:
        await receipts.expect_topic(sender)
        under_way = [
            await sender.send(name.removesuffix(SUFFIX), _value(record), key=record.key, headers=_headers(letter, record))
            for letter, record in sent
        ]
        outcomes = await asyncio.gather(*under_way, return_exceptions=True)
        failed = [pair for pair, outcome in zip(sent, outcomes, strict=True) if isinstance(outcome, BaseException)]
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if errors and not any(REFUSALS.get(type(error)) in (Refusal.TOO_LARGE, Refusal.INVALID_RECORD) for error in errors):
            raise errors[0]
        gone = [letter.record for (letter, _), outcome in zip(sent, outcomes, strict=True) if not isinstance(outcome, BaseException)]
        if gone:
            await receipts.write(sender, name, gone)
    if len(sent) == 1:
        return [letter for letter, _ in failed]
    half = (len(failed) + 1) // 2
    return [letter for part in (failed[:half], failed[half:]) if part for letter in await send_back(brokers, name, part)]


def _value(record: ConsumerRecord) -> bytes | None:
    """Returns the value as it came; aiokafka sends no record without key and value."""
    return b"" if record.key is None and record.value is None else record.value


def _headers(letter: Letter, record: ConsumerRecord) -> list[tuple[str, bytes]]:
    """Returns the headers as they came, and how often the message has been sent back now."""
    own = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    return [*own, (REDRIVEN, str(letter.redriven + 1).encode())]
