"""The way of a record into the fold: it is decoded, and folded in the partition of its key, wherever it was read from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from services.monitor.fold.keying import key_of
from services.monitor.fold.partition import NOT_OURS, REFUSED, Partition
from services.monitor.hearing.rekeying import Homes, Stray, Way, Why, forward
from shared.cloudevents import Reason, Undecodable, read_event
from shared.events import ProductEvent
from shared.outgoing.forwarding import Forward
from shared.streaming.dead_letters import DeadLetter


class Intake:
    """Takes the records of the partitions that this process has.

    An account's `read` counts by the partition that a record was read from, everything else by the partition that folds it.
    """

    def __init__(self, partitions: Mapping[int, Partition], of_topic: int, by: Forward, components: int) -> None:
        """`of_topic`: how many partitions the topic has. `by`: takes what belongs to other processes there.
        `components`: how many of a rule may be known, for the words of the refusal.
        """
        self.rekeyed: Counter[tuple[Why, Way]] = Counter()
        self._partitions, self._homes, self._by = partitions, Homes(of_topic), by
        self._refusal = f"more than {components} of a rule that nobody named"
        self._letters: list[DeadLetter] = []
        self._strays: list[Stray] = []  # to be forwarded

    async def take(self, records: Sequence[ConsumerRecord], now: float) -> list[DeadLetter]:
        """Returns the dead letters, once Kafka has what belongs to other processes. `now`: the wall clock, seconds since the epoch."""
        self._letters, self._strays = [], []
        self._take(records, now)
        if self._strays:
            await self._forward(now)
        return self._letters

    def _take(self, records: Iterable[ConsumerRecord], now: float) -> None:
        """Takes the records that are folded here. Whatever is done in this loop costs every event."""
        at, number = datetime.fromtimestamp(now, UTC), -1
        for record in records:
            if record.partition != number:
                number = record.partition
                partition, residents = self._partitions[number], self._homes.residents(number)
                fold = partition.fold
            try:
                event = read_event(record.value, record.headers, at, record)
            except Undecodable as error:
                self._letters.append(DeadLetter(record, error.reason, error.detail))
                partition.account.read += 1
                partition.account.dead += 1
                continue
            fate = fold(event, now) if event.subject in residents else self._take_home(partition, record, event, now)
            if fate == REFUSED:
                self._refuse(record)

    def _take_home(self, partition: Partition, record: ConsumerRecord, event: ProductEvent, now: float) -> int:
        """Folds an event whose home is not known to be the partition it was read from, or leaves it to be forwarded."""
        key = key_of(event)
        home = self._homes.of(key, record.partition)
        if home == record.partition or not partition.asks_for(event):
            return partition.fold(event, now)
        stray = Stray(record, event, key.encode(), home)
        if (at_home := self._partitions.get(home)) is not None:
            self.rekeyed[stray.why, Way.MEMORY] += 1
            partition.account.read += 1
            at_home.account.read -= 1
            return at_home.fold(event, now)
        if stray.may_go_on:
            self._strays.append(stray)
            return NOT_OURS
        self.rekeyed[stray.why, Way.NONE] += 1
        return partition.fold(event, now)

    async def _forward(self, now: float) -> None:
        """Forwards what belongs to other processes. What the broker refuses is folded where it was read."""
        refused = await forward(self._strays, self._by)
        for stray in self._strays:
            partition = self._partitions[stray.record.partition]
            self.rekeyed[stray.why, Way.NONE if stray in refused else Way.KAFKA] += 1
            if stray not in refused:
                partition.account.read += 1
                partition.account.forwarded += 1
            elif partition.fold(stray.event, now) == REFUSED:
                self._refuse(stray.record)

    def _refuse(self, record: ConsumerRecord) -> None:
        self._letters.append(DeadLetter(record, Reason.TOO_MANY_COMPONENTS, self._refusal, "Refused"))
