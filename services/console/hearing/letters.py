"""Dead letters: how many wait on each `<topic>.dlq`, since when and why, counted by reading only what is new there."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.console.live.changes import changed, enter
from services.console.settings import ConsoleSettings
from services.console.store import letters as store
from shared.connecting.brokers import brokers_of
from shared.failed import Failed
from shared.letters.letters import SUFFIX, Letter
from shared.letters.reading import between, reader, topics
from shared.letters.receipts import RECEIPTS, Receipts, mark, take
from shared.postgres import TRANSIENT, Database
from shared.streaming.unpacking import Unreadable

log = logging.getLogger(__name__)

EVERY_S = 10.0
MOST = 200_000  # letters of one topic that are remembered; those beyond count as read and not as waiting


@dataclass
class Kept:
    """Remembers the letters of one topic: reason and time by place."""

    letters: dict[tuple[int, int, int], str] = field(default_factory=dict)  # partition, offset, milliseconds → reason

    def forget(self, partition: int, below: int) -> None:
        """Drops what the topic does not keep any more."""
        for each in [each for each in self.letters if each[0] == partition and each[1] < below]:
            del self.letters[each]

    def row(self, topic: str, sent: set[tuple[int, int, int]]) -> store.Row:
        """Returns what is shown of the topic."""
        waiting = {each: reason for each, reason in self.letters.items() if each not in sent}
        oldest = min((each[2] for each in waiting), default=None)
        return store.Row(topic, len(self.letters), len(waiting), _moment(oldest), dict(Counter(waiting.values())))


class Watch:
    """Counts in the background; a process that begins reads what is kept once."""

    def __init__(self, settings: ConsoleSettings, database: Database) -> None:
        self._brokers, self._database = brokers_of(settings), database
        self._told: list[store.Row] | None = None

    async def run(self) -> None:
        """Runs until cancelled; starts over when the broker was away or there are other topics."""
        while True:
            try:
                await self._watch()
            except (Failed, KafkaError, *TRANSIENT) as error:
                log.warning("dead letters are not counted, trying again: %s", error)
            await asyncio.sleep(EVERY_S)

    async def _watch(self) -> None:
        names = await self._names()
        kept: dict[str, Kept] = {name: Kept() for name in names if name != RECEIPTS}
        sent, positions = Receipts(), dict[TopicPartition, int]()
        if not kept:
            return
        async with reader(self._brokers, *names) as consumer:
            while await self._names() == names:
                await self._read(consumer, kept, sent, positions)
                await self._tell([each.row(name.removesuffix(SUFFIX), sent.sent.get(name, set())) for name, each in kept.items()])
                await asyncio.sleep(EVERY_S)

    async def _names(self) -> list[str]:
        return [name for name in await topics(self._brokers) if name.endswith(SUFFIX) or name == RECEIPTS]

    async def _read(self, consumer: AIOKafkaConsumer, kept: dict[str, Kept], sent: Receipts, positions: dict[TopicPartition, int]) -> None:
        places = sorted(consumer.assignment())
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for at in places:
            name = self._brokers.ours(at.topic) or at.topic
            first = max(positions.get(at, 0), begins[at])
            if first < ends[at]:
                async for record in between(consumer, at, first, ends[at]):
                    self._brokers.named([record])
                    if name == RECEIPTS:
                        take(sent, record)
                    elif not isinstance(record, Unreadable) and len(kept[name].letters) < MOST:
                        letter = Letter(record)
                        if letter.said("reason") is not None:
                            kept[name].letters[mark(record)] = letter.reason
            positions[at] = ends[at]
            if name in kept:
                kept[name].forget(at.partition, begins[at])

    async def _tell(self, rows: list[store.Row]) -> None:
        """Keeps the counts; pages hear of it when they have changed."""
        async with self._database.transaction() as tx:
            if rows != self._told:
                await enter(tx)
                await changed(tx, ["health"])
            await store.keep(tx, rows)
        self._told = rows


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds is not None else None
    except (ValueError, OverflowError, OSError):
        return None
