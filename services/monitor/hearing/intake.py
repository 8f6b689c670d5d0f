"""The way of a record into the fold: it is decoded, and folded in the partition of its key, wherever it was read from."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from aiokafka import ConsumerRecord

from services.monitor.fold.keying import away_from, key_of, keys_of
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import REFUSED
from services.monitor.hearing.decoding import Batch, decode
from services.monitor.hearing.rekeying import Stray, Way, Why, forward
from shared.cloudevents import Reason
from shared.outgoing.forwarding import Forward
from shared.streaming.dead_letters import DeadLetter

_partition = attrgetter("partition")


class Intake:
    """Takes the records of the partitions that this process has.

    An account's `read` counts by the partition that a record was read from, everything else by the partition that folds it.
    """

    def __init__(self, partitions: Mapping[int, Partition], of_topic: int, by: Forward, components: int) -> None:
        """`of_topic`: how many partitions the topic has. `by`: takes what belongs to other processes there.
        `components`: how many of a rule may be known, for the words of the refusal.
        """
        self.rekeyed: Counter[tuple[Why, Way]] = Counter()
        self._partitions, self._of_topic, self._by = partitions, of_topic, by
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
        away = away_from(number, keys_of(batch.events), self._of_topic)
        if not away:
            self._batches[number].extend(batch)
            return
        for record, event, time in batch.rows():
            key = key_of(event).encode()
            if (home := away.get(key)) is None or not self._partitions[number].asks_for(event):
                self._batches[number].add(record, event, time)
            else:
                self._bring_home(Stray(record, event, time, key, home))

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
