"""The way of a record into the fold: it is decoded, and folded in the partition of its key, wherever it was read from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from aiokafka import ConsumerRecord
from msgspec.structs import replace

from services.monitor.aliases.edges import Edges
from services.monitor.fold.keying import key_of
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import REFUSED
from services.monitor.hearing.rekeying import Homes, Stray, Way, Why, forward, named_by
from shared.cloudevents import Reason, Undecodable, read_event
from shared.events import ProductEvent
from shared.outgoing.forwarding import Forward
from shared.streaming.dead_letters import DeadLetter

MOST_STEPS = 5  # from a name to its customer; a way that changed hands could lead in a circle

_partition = attrgetter("partition")


@dataclass(slots=True)
class Batch:
    """The events that one partition folds together, each with the record it came by."""

    records: list[ConsumerRecord] = field(default_factory=list)
    events: list[ProductEvent] = field(default_factory=list)

    def add(self, record: ConsumerRecord, event: ProductEvent) -> None:
        self.records.append(record)
        self.events.append(event)


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
        self._partitions, self._homes, self._by, self._edges = partitions, Homes(of_topic), by, edges or Edges(0)
        self._refusal = f"more than {components} of a rule that nobody named"
        self._batches: dict[int, Batch] = {}  # by the partition that folds
        self._letters: list[DeadLetter] = []
        self._strays: list[Stray] = []  # to be forwarded

    def forget_homes(self, names: Iterable[str]) -> None:
        """Takes note that these names, or some of them, lead elsewhere now."""
        self._homes.forget(names)

    async def take(self, records: Sequence[ConsumerRecord], now: float) -> list[DeadLetter]:
        """Returns the dead letters, once Kafka has what belongs to other processes. `now`: the wall clock, seconds since the epoch."""
        self._batches, self._letters, self._strays = defaultdict(Batch), [], []
        at = datetime.fromtimestamp(now, UTC)
        for number, run in groupby(records, key=_partition):
            self._decode(number, run, at)
        if self._strays:
            await self._forward()
        for number, batch in self._batches.items():
            self._fold(self._partitions[number], batch, now)
        return self._letters

    def _decode(self, number: int, records: Iterable[ConsumerRecord], now: datetime) -> None:
        """Decodes records of one partition. Whatever is done in this loop costs every event."""
        residents, batch, account = self._homes.residents(number), self._batches[number], self._partitions[number].account
        keep, take = batch.records.append, batch.events.append
        for record in records:
            try:
                event = read_event(record.value, record.headers, now, record)
            except Undecodable as error:
                self._letters.append(DeadLetter(record, error.reason, error.detail))
                account.read += 1
                account.dead += 1
                continue
            if event.subject in residents:
                keep(record)
                take(event)
            else:
                self._bring_home(record, event)

    def _bring_home(self, record: ConsumerRecord, event: ProductEvent) -> None:
        """Has an event folded whose home is not known to be the partition it was read from, or leaves it to be forwarded.

        Names that are aliases are never known to be at home: what is said of them comes here.
        """
        said = event.subject
        if said is not None:
            event = self._as_customer(record, event, said)
        partition, key = self._partitions[record.partition], key_of(event)
        home = self._homes.compute(key) if key in self._edges.of else self._homes.of(key, record.partition)
        if home == record.partition or not partition.asks_for(event):
            self._batches[record.partition].add(record, event)
            return
        stray = Stray(record, event, key.encode(), home, renamed=event.subject != said)
        if (at_home := self._partitions.get(home)) is not None:
            self.rekeyed[stray.why, Way.MEMORY] += 1
            partition.account.read += 1
            at_home.account.read -= 1
            self._batches[home].add(record, event)
        elif stray.may_go_on:
            self._strays.append(stray)
        else:
            self.rekeyed[stray.why, Way.NONE] += 1
            self._batches[record.partition].add(record, event)

    def _as_customer(self, record: ConsumerRecord, event: ProductEvent, said: str) -> ProductEvent:
        """Returns the event as the customer's whose name it says; one that came before and counted under a name stays that name's."""
        name, at = named_by(record) or said, event.time.timestamp()
        for _ in range(MOST_STEPS):
            customer = self._edges.next(name, at)
            if customer is None or self._partitions[self._homes.compute(name)].has_counted(event):
                break
            name = customer
        return event if name == said else replace(event, subject=name)

    async def _forward(self) -> None:
        """Forwards what belongs to other processes. What the broker refuses is folded where it was read."""
        refused = await forward(self._strays, self._by)
        for stray in self._strays:
            account = self._partitions[stray.record.partition].account
            self.rekeyed[stray.why, Way.NONE if stray in refused else Way.KAFKA] += 1
            if stray in refused:
                self._batches[stray.record.partition].add(stray.record, stray.event)
            else:
                account.read += 1
                account.forwarded += 1

    def _fold(self, partition: Partition, batch: Batch, now: float) -> None:
        fates = partition.fold(batch.events, now, lambda row: (batch.records[row].timestamp or 0) / 1000)
        if REFUSED in fates:
            self._letters += [
                DeadLetter(record, Reason.TOO_MANY_COMPONENTS, self._refusal, "Refused")
                for record, fate in zip(batch.records, fates, strict=True)
                if fate == REFUSED
            ]
