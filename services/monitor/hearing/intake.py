"""The way of a record into the fold: it is decoded, and folded in the partition of its key, wherever it was read from."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from aiokafka import ConsumerRecord
from msgspec.structs import replace

from services.monitor.aliases.edges import Edges
from services.monitor.fold.keying import away_from, home_of, key_of, keys_of
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import REFUSED
from services.monitor.hearing.decoding import Batch, decode
from services.monitor.hearing.rekeying import Stray, Way, Why, forward, named_by
from shared.cloudevents import Reason
from shared.events import ProductEvent
from shared.outgoing.forwarding import Forward
from shared.streaming.dead_letters import DeadLetter

_partition, _headers = attrgetter("partition"), attrgetter("headers")


class Intake:
    """Takes the records of the partitions that this process has.

    An account's `read` counts by the partition that a record was read from, everything else by the partition that folds it.
    """

    def __init__(
        self, partitions: Mapping[int, Partition], of_topic: int, by: Forward, components: int, edges: Edges | None = None
    ) -> None:
        """`of_topic`: how many partitions the topic has. `by`: takes what belongs to other processes there.
        `components`: how many of a rule may be known, for the words of the refusal. `edges`: where other names of customers lead.
        """
        self.rekeyed: Counter[tuple[Why, Way]] = Counter()
        self._partitions, self._of_topic, self._by, self._edges = partitions, of_topic, by, edges or Edges(0)
        self._refusal = f"more than {components} of a rule that nobody named"
        self._batches: dict[int, Batch] = {}  # by the partition that folds
        self._letters: list[DeadLetter] = []
        self._strays: list[Stray] = []  # to be forwarded

    async def take(self, records: Sequence[ConsumerRecord], now: float) -> list[DeadLetter]:
        """Returns the dead letters, once Kafka has what belongs to other processes. `now`: the wall clock, seconds since the epoch."""
        self._batches, self._letters, self._strays = defaultdict(Batch), [], []
        at = datetime.fromtimestamp(now, UTC)
        for number, run in groupby(records, key=_partition):
            self._decode(number, list(run), at)
        if self._strays:
            await self._forward()
        for number, batch in self._batches.items():
            self._fold(self._partitions[number], batch, now)
        return self._letters

    def _decode(self, number: int, records: Sequence[ConsumerRecord], now: datetime) -> None:
        """Decodes records of one partition, and finds those that belong to another one."""
        batch, letters = decode(records, now)
        account = self._partitions[number].account
        account.read += len(letters)
        account.dead += len(letters)
        self._letters += letters
        renamed = self._renamed(batch)
        for row, event in renamed.items():
            batch.events[row] = event
        away = away_from(number, keys_of(batch.events), self._of_topic)
        if not away:
            self._batches[number].extend(batch)
            return
        for row, (record, event, time) in enumerate(batch.rows()):
            key = key_of(event).encode()
            if (home := away.get(key)) is None or not self._partitions[number].asks_for(event):
                self._batches[number].add(record, event, time)
            else:
                self._bring_home(Stray(record, event, time, key, home, renamed=row in renamed))

    def _bring_home(self, stray: Stray) -> None:
        """Has an event folded whose home is not the partition it was read from, or leaves it to be forwarded."""
        if (at_home := self._partitions.get(stray.home)) is not None:
            self.rekeyed[stray.why, Way.MEMORY] += 1
            self._partitions[stray.record.partition].account.read += 1
            at_home.account.read -= 1
            self._batches[stray.home].add(stray.record, stray.event, stray.time)
        elif stray.may_go_on:
            self._strays.append(stray)
        else:
            self._fold_where_read(stray)

    def _fold_where_read(self, stray: Stray) -> None:
        self.rekeyed[stray.why, Way.NONE] += 1
        self._batches[stray.record.partition].add(stray.record, stray.event, stray.time)

    def _renamed(self, batch: Batch) -> Mapping[int, ProductEvent]:
        """Returns by row, as their customer's, the events that are said of another name of theirs."""
        names = self._edges.of
        if not names and not any(map(_headers, batch.records)):
            return {}
        renamed = {}
        for row, (record, event, _) in enumerate(batch.rows()):
            if event.subject is not None and (event.subject in names or record.headers):
                of_customer = self._as_customer(record, event, event.subject)
                if of_customer is not event:
                    renamed[row] = of_customer
        return renamed

    def _as_customer(self, record: ConsumerRecord, event: ProductEvent, said: str) -> ProductEvent:
        """Returns the event as the customer's whose name it says; one that came before and counted under a name stays that name's."""
        at, partitions, of_topic = event.time.timestamp(), self._partitions, self._of_topic
        name = self._edges.follow(
            named_by(record) or said, at, lambda name: partitions[home_of(name.encode(), of_topic)].has_counted(event)
        )
        return event if name == said else replace(event, subject=name)

    async def _forward(self) -> None:
        """Forwards what belongs to other processes. What the broker refuses is folded where it was read."""
        refused = await forward(self._strays, self._by)
        for stray in self._strays:
            if stray in refused:
                self._fold_where_read(stray)
            else:
                self.rekeyed[stray.why, Way.KAFKA] += 1
                account = self._partitions[stray.record.partition].account
                account.read += 1
                account.forwarded += 1

    def _fold(self, partition: Partition, batch: Batch, now: float) -> None:
        fates = partition.fold(batch.events, now, lambda row: (batch.records[row].timestamp or 0) / 1000, batch.times)
        if REFUSED in fates:
            self._letters += [
                DeadLetter(record, Reason.TOO_MANY_COMPONENTS, self._refusal, "Refused")
                for record, fate in zip(batch.records, fates, strict=True)
                if fate == REFUSED
            ]
