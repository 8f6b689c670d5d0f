"""Records which dead letters were sent back: receipts on a topic of their own, which no other program has reason to write to.

Prints nothing.

They are kept for longer than the letters are, which the offsets of a consumer group are not, and they can name some letters and
not others. A receipt names a letter by its topic, its place and its time, so that it marks none that took its place later.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from aiokafka import ConsumerRecord

from shared.connecting.brokers import Brokers, Producer
from shared.failed import Failed
from shared.letters.reading import everything, topics
from shared.streaming.unpacking import Unreadable

RECEIPTS = "forewarn.redriven.v1"  # where it is written down which dead letters were sent back
WITHIN_S = 5.0  # for the broker to say that there is such a topic

Mark = tuple[int, int, int]  # partition, offset and timestamp in milliseconds of a letter


class Receipt(msgspec.Struct, frozen=True):
    """Says that these letters of one dead letter topic were sent back."""

    topic: str
    letters: list[Mark]


@dataclass
class Receipts:
    """Holds all receipts that were written by now."""

    sent: dict[str, set[Mark]] = field(default_factory=dict)
    odd: int = 0  # records that are no receipts

    def __contains__(self, letter: ConsumerRecord) -> bool:
        return mark(letter) in self.sent.get(letter.topic, ())


async def receipts(brokers: Brokers) -> Receipts:
    """Reads all receipts. What is no receipt marks nothing."""
    found = Receipts()
    if RECEIPTS not in await topics(brokers):
        return found
    async for record in everything(brokers, RECEIPTS):
        take(found, record)
    return found


def take(found: Receipts, record: ConsumerRecord) -> None:
    """Adds what one record of the topic says."""
    receipt = None if isinstance(record, Unreadable) else _receipt(record)
    if receipt is None:
        found.odd += 1
    else:
        found.sent.setdefault(receipt.topic, set()).update(receipt.letters)


def _receipt(record: ConsumerRecord) -> Receipt | None:
    try:
        return msgspec.json.decode(record.value or b"", type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


async def expect_topic(sender: Producer) -> None:
    """Raises Failed when there is nowhere to write receipts: then nothing may be sent back, or it would go again."""
    try:
        async with asyncio.timeout(WITHIN_S):
            await sender.partitions_for(RECEIPTS)
    except TimeoutError:
        raise Failed(f"there is no topic {RECEIPTS}, where it is written down what was sent back: run `python -m deploy.init`") from None


async def write(sender: Producer, topic: str, letters: Iterable[ConsumerRecord]) -> None:
    """Writes that these letters of the topic were sent back."""
    receipt = Receipt(topic, [mark(letter) for letter in letters])
    await sender.send_and_wait(RECEIPTS, msgspec.json.encode(receipt), key=topic.encode())


def mark(letter: ConsumerRecord) -> Mark:
    """Returns what a receipt names a letter by."""
    return letter.partition, letter.offset, letter.timestamp
