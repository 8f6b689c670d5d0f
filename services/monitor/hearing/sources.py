"""A record of a company's own topic came: the events that its source makes of it are written to our topics, before its offset moves.

That is at least once by Kafka, and once by identity: product events and facts are known again by what they are.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from aiokafka import ConsumerRecord

from services.monitor import metrics
from services.monitor.fold.keying import home_of
from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Reader
from services.monitor.sources.shape import shape
from services.monitor.store import sources as store
from shared.cloudevents import FACT_HEADERS, Reason, Undecodable
from shared.events import Topic
from shared.mapping.turning import Ready, Refused
from shared.outgoing.forwarding import Forward, Forwarded
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.dead_letters import DeadLetter

AT_ONCE = 500  # records a poll may bring
EVENTS = 1_000  # that are made of records before they are written: some 15 ms of CPU
TO = (Topic.PRODUCT_EVENTS, Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS)  # the topics that product systems write


class Onward(Forward, Protocol):
    """Takes records to one of our topics."""

    async def partitions(self) -> int:
        """Returns how many partitions the topic has. Raises KafkaError when the broker does not answer."""


@dataclass
class Batch:
    """Is what the records of a poll have become so far. A record is named by its place among them."""

    records: Sequence[ConsumerRecord]
    ready: dict[str, list[tuple[Ready, int]]] = field(default_factory=lambda: defaultdict(list))  # by topic: what is to be written
    waiting: int = 0  # how much of it
    said: set[int] = field(default_factory=set)  # records that became something, or should have
    letters: dict[int, DeadLetter] = field(default_factory=dict)

    def add(self, place: int, made: Ready | Refused) -> None:
        self.said.add(place)
        if isinstance(made, Ready):
            self.ready[made.topic].append((made, place))
            self.waiting += 1
        else:
            self.put_aside(place, *_why(made))

    def put_aside(self, place: int, reason: Reason, detail: str, error: str = "Undecodable") -> None:
        """Makes a dead letter of a record, unless it is one already."""
        self.said.add(place)
        self.letters.setdefault(place, DeadLetter(self.records[place], reason, detail, error))


class Bringing:
    """Brings what one source says to our topics."""

    def __init__(self, source: Source, to: Mapping[Topic, Onward], clock: Callable[[], float] = time.time) -> None:
        """`to`: by topic. `clock`: the wall clock, seconds since the epoch."""
        self._topic, self._reader, self._to, self._clock = source.topic, Reader(source), to, clock
        self._taken = False
        self._heard: list[store.Heard] = []  # since the last save
        self._count(mapped=0, left_out=0, refused=0)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        self._taken, self._heard = False, []

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """Returns the dead letters, once Kafka has the events of all other records. Raises KafkaError when it does not answer."""
        batch, now = Batch(records), datetime.fromtimestamp(self._clock(), UTC)
        for place, record in enumerate(records):
            try:
                for made in self._reader.events(record, now):
                    batch.add(place, made)
                    if batch.waiting == EVENTS:
                        await self._bring(batch)
            except Undecodable as error:
                batch.put_aside(place, error.reason, error.detail)
        await self._bring(batch)
        mapped = len(batch.said) - len(batch.letters)
        left_out = len(records) - mapped - len(batch.letters)
        letters = [batch.letters[place] for place in sorted(batch.letters)]
        self._heard.append(_heard(mapped, left_out, letters))
        self._taken = True
        return letters

    async def _bring(self, batch: Batch) -> None:
        """Writes what waits to our topics. A record is put aside when the broker refuses what it becomes."""
        for topic, events in batch.ready.items():
            to = self._to[Topic(topic)]
            partitions = await to.partitions()
            records = [Forwarded(home_of(each.key, partitions), each.key, each.value, FACT_HEADERS, None) for each, _ in events]
            refused = {id(each) for each in await to.send(records)}
            for record, (_, place) in zip(records, events, strict=True):
                if id(record) in refused:
                    batch.put_aside(place, Reason.UNMAPPED, "the broker refuses what it becomes", "Refused")
        batch.ready.clear()
        batch.waiting = 0

    def _count(self, **outcomes: int) -> None:
        for outcome, count in outcomes.items():
            metrics.SOURCE_RECORDS.labels(self._topic, outcome).inc(count)

    def pressing(self) -> bool:
        return self._taken

    async def save(self, tx: Tx) -> None:
        """Stores how many became what; what it made of them is with Kafka."""
        for heard in self._heard:
            await store.count(tx, store.of_topic(self._topic), heard)
        for heard in self._heard:  # behind whatever may fail: what is taken again is counted once
            self._count(mapped=heard.mapped, left_out=heard.left_out, refused=heard.unmapped + heard.bad)
        self._taken, self._heard = False, []


def _why(refused: Refused) -> tuple[Reason, str]:
    """Returns the reason of a dead letter, and what is wrong, without anything the record says."""
    if isinstance(refused.reason, Reason):  # it would be a dead letter of the topic it was meant for, too
        return refused.reason, refused.where
    return Reason.UNMAPPED, f"{refused.reason}: {refused.where}"


def _heard(mapped: int, left_out: int, letters: Sequence[DeadLetter]) -> store.Heard:
    """Returns what became of a batch, and of each reason the last record."""
    last = {_reason(letter): letter for letter in letters}
    counts = Counter(map(_reason, letters))
    reasons = {
        reason: store.Why(
            counts[reason], letter.detail, f"partition {letter.record.partition} offset {letter.record.offset}", _shape(letter)
        )
        for reason, letter in last.items()
    }
    unmapped = sum(letter.reason is Reason.UNMAPPED for letter in letters)
    return store.Heard(mapped, left_out, unmapped, len(letters) - unmapped, reasons)


def _reason(letter: DeadLetter) -> str:
    """Returns the mapping's own reason, which stands before the colon of what is wrong, else the letter's."""
    return letter.detail.partition(": ")[0] if letter.reason is Reason.UNMAPPED else letter.reason


def _place(record: ConsumerRecord) -> str:
    return f"partition {record.partition} offset {record.offset}"


def _shape(letter: DeadLetter) -> str:
    return shape(letter.record.value) if isinstance(letter.record.value, bytes) else ""


def streams(file: SourcesFile, database: Database, to: Mapping[Topic, Onward]) -> Iterator[Stream]:
    """Yields a stream for each source."""
    for source in file.sources:
        yield Stream("monitor", source.topic, Bringing(source, to), database, at_once=AT_ONCE, foreign=True)
