"""A record of a company's own topic came: the events that its source makes of it are written to our topics, before its offset moves.

That is at least once by Kafka, and once by identity: product events and facts are known again by what they are.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from aiokafka import ConsumerRecord

from services.monitor import metrics
from services.monitor.fold.keying import home_of
from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Reader
from shared.cloudevents import FACT_HEADERS, Reason, Undecodable
from shared.events import Topic
from shared.mapping.turning import Ready, Refused
from shared.outgoing.forwarding import Forward, Forwarded
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.dead_letters import DeadLetter

AT_ONCE = 500  # records a poll may bring: some 15 ms of CPU
TO = (Topic.PRODUCT_EVENTS, Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS)  # the topics that product systems write


class Onward(Forward, Protocol):
    """Takes records to one of our topics."""

    async def partitions(self) -> int:
        """Returns how many partitions the topic has. Raises KafkaError when the broker does not answer."""


class Bringing:
    """Brings what one source says to our topics."""

    def __init__(self, source: Source, to: Mapping[Topic, Onward], clock: Callable[[], float] = time.time) -> None:
        """`to`: by topic. `clock`: the wall clock, seconds since the epoch."""
        self._topic, self._reader, self._to, self._clock = source.topic, Reader(source), to, clock
        self._taken = False
        self._count(mapped=0, left_out=0, refused=0)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        self._taken = False

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """Returns the dead letters, once Kafka has the events of all other records. Raises KafkaError when it does not answer."""
        ready: dict[str, list[tuple[Ready, int]]] = defaultdict(list)
        letters: dict[int, DeadLetter] = {}  # by place in `records`
        now, left_out = datetime.fromtimestamp(self._clock(), UTC), 0
        for place, record in enumerate(records):
            try:
                made = self._reader.events(record, now)
            except Undecodable as error:
                letters[place] = DeadLetter(record, error.reason, error.detail)
                continue
            left_out += not made
            for each in made:
                if isinstance(each, Ready):
                    ready[each.topic].append((each, place))
                else:
                    letters.setdefault(place, DeadLetter(record, *_why(each)))
        for topic, events in ready.items():
            for place in await self._bring(topic, events):
                letters.setdefault(place, DeadLetter(records[place], Reason.UNMAPPED, "the broker refuses what it becomes", "Refused"))
        self._count(left_out=left_out, refused=len(letters), mapped=len(records) - left_out - len(letters))
        self._taken = True
        return [letters[place] for place in sorted(letters)]

    async def _bring(self, topic: str, events: Sequence[tuple[Ready, int]]) -> list[int]:
        """Writes events to a topic of ours; returns the places of those that the broker refuses."""
        to = self._to[Topic(topic)]
        partitions = await to.partitions()
        records = [Forwarded(home_of(each.key, partitions), each.key, each.value, FACT_HEADERS, None) for each, _ in events]
        refused = {id(each) for each in await to.send(records)}
        return [place for record, (_, place) in zip(records, events, strict=True) if id(record) in refused]

    def _count(self, **outcomes: int) -> None:
        for outcome, count in outcomes.items():
            metrics.SOURCE_RECORDS.labels(self._topic, outcome).inc(count)

    def pressing(self) -> bool:
        return self._taken

    async def save(self, tx: Tx) -> None:  # noqa: ARG002
        self._taken = False  # what it made is with Kafka; the offset alone is to be stored


def _why(refused: Refused) -> tuple[Reason, str]:
    """Returns the reason of a dead letter, and what is wrong, without anything the record says."""
    if isinstance(refused.reason, Reason):  # it would be a dead letter of the topic it was meant for, too
        return refused.reason, refused.where
    return Reason.UNMAPPED, f"{refused.reason}: {refused.where}"


def streams(file: SourcesFile, database: Database, to: Mapping[Topic, Onward]) -> Iterator[Stream]:
    """Yields a stream for each source."""
    for source in file.sources:
        yield Stream("monitor", source.topic, Bringing(source, to), database, at_once=AT_ONCE, foreign=True)
