"""Processes each record of a topic exactly once in Postgres, without Kafka transactions.

A stream reads one topic. What it read and where it goes on are one transaction: a compare-and-set moves the offset from where this instance
believes it is; when it is elsewhere, another instance owns the partition, and everything is rolled back (fenced: an optimistic concurrency
failure). After any error the recovery is the same: discard what is in memory, load what the last commit left, seek there.

The processor decides what a record means: `handling.py` for a transaction a batch, monitor's fold for state that lives in memory between
checkpoints.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from shared import metrics
from shared.events import FOREIGN
from shared.outbox import Lane, put
from shared.postgres import TRANSIENT, Database, is_transient, wait_for_wakeup
from shared.streaming import offsets
from shared.streaming.aside import Aside
from shared.streaming.brake import Brake, Tripping
from shared.streaming.braking import Braking
from shared.streaming.dead_letters import DeadLetter, Suspects, without
from shared.streaming.feed import Consumer, Feed, Piece, runs, unidentified
from shared.streaming.offsets import Fenced, Log, Position
from shared.streaming.pause import Pause
from shared.streaming.processor import Processor

log = logging.getLogger(__name__)

STALLED = 30.0  # seconds without a commit, with records waiting, before a stream is not ready


class Stream(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads one topic for one service. The lock makes handling and rebalancing take turns."""

    def __init__(
        self,
        service: str,
        topic: str,
        processor: Processor,
        database: Database,
        *,
        at_once: int = 500,
        slowest: float = 0.0,
        together: bool = False,
        foreign: bool = False,
    ) -> None:
        """Takes a poll's size, in records, as `at_once`, and the seconds between saves when nothing presses as `slowest` (0: every batch).

        With `together` a record may change what the processor keeps of another partition, so a save must own all of them.
        A `foreign` topic is another system's: its name has no prefix of ours, and it never stops.
        """
        self.name, self.topic, self.at_once, self.foreign = service, topic, at_once, foreign
        self.group = f"forewarn-{service}-{topic}"
        self.at_brokers = topic  # what the brokers call it; set with the consumer
        self.consumer: Callable[[], Consumer | None] = lambda: None
        self.identity: Callable[[], Awaitable[str | None]] = unidentified  # returns the topic's id at the brokers; set with the consumer
        self.assigned: frozenset[int] | None = None  # None before the group has assigned anything
        self.aside, self.pause = Aside(topic, self.group, foreign=foreign), Pause()
        self.processor, self._database, self.slowest, self._together = processor, database, slowest, together
        self._feed = Feed(lambda: self.at_brokers, lambda: self.consumer())  # noqa: PLW0108  it is set later
        self._braking = Braking(service, topic, self.group, self._feed, has_brake=not foreign and topic not in FOREIGN)
        self._lock, self._stopping = asyncio.Lock(), asyncio.Event()
        self._positions: dict[int, Position] = {}
        self._bounds_of: frozenset[int] | None = None
        self._suspects, self._letters, self._taken = Suspects(), list[DeadLetter](), 0
        self._unheard = False  # Kafka did not answer when offsets were last committed to it
        self._handling = self._full = False  # records were polled and are not all taken yet; the last poll brought all that it may
        self._loading: asyncio.Task[None] | None = None
        self._leaving = False  # a rebalance takes the partitions away
        self._save_at, self._progressed_at = 0.0, time.monotonic()
        for metric in (metrics.CONSUMED, metrics.FENCED, metrics.GAPS):
            metric.labels(topic)

    @property
    def brake(self) -> Brake:
        """Returns the brake (circuit breaker) that stops the topic when most of it fails."""
        return self._braking.brake

    # ── called by the consumer ───────────────────────────────────────────────────────────────

    async def on_batch(self, records: Sequence[ConsumerRecord]) -> None:
        """Takes what a poll brought, of any of the assigned partitions, each partition's records in order."""
        self._handling, self._full = True, len(records) >= self.at_once
        try:
            await self._handle(records)
            await self._until_loaded()
        finally:
            self._handling = False

    async def _handle(self, records: Sequence[ConsumerRecord]) -> None:
        async with self._lock:
            await self._loaded()
            held, pieces = self._positions, list(self._pieces(records))
        for piece in pieces:
            async with self._lock:
                # If a seek or a rebalance happened meanwhile, these records come again from the new position.
                if self._positions is not held or self._stopping.is_set() or self.brake.tripped:
                    return
                try:
                    await self._take(piece)
                except Exception as error:  # noqa: BLE001  the loop that judges
                    self._judge(error, piece.records)
                    return

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Saves what was taken. A load that is under way is given up: nothing was taken since, and the group waits for us."""
        self._give_up_loading()
        async with self._lock:
            await self._save_quietly()
            self._forget()
            self._bounds_of = None
            self.assigned, self._leaving = frozenset(), False

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Notes the partitions. `run` loads them: no heartbeat is sent before this returns, and a load can outlast the session."""
        async with self._lock:
            self._forget()
            self.assigned, self._leaving = frozenset(partition.partition for partition in assigned), False
            log.info("%s has partitions %s", self.group, sorted(self.assigned))

    async def run(self) -> None:
        """Runs until cancelled: saves that are due although no record comes, and loads partitions that could not be loaded yet."""
        told_broker_at = 0.0
        while True:
            await self.tick()
            if time.monotonic() - told_broker_at > 5:
                told_broker_at = time.monotonic()
                await self._tell_broker()
            await asyncio.sleep(0.1)

    async def tick(self) -> None:
        """Runs one turn of `run`."""
        async with self._lock:
            if self._braking.must_look:
                await self._look()
            ready = await self._loaded() and not self.brake.tripped
            if ready and (self.processor.pressing() or time.monotonic() >= self._save_at):
                try:
                    await self._save()
                except Exception as error:  # noqa: BLE001  the loop that judges
                    self._judge(error, ())
        if line := self.aside.summary(time.monotonic()):
            log.warning(line)

    async def save_now(self) -> None:
        """Saves what was taken, whether that is due or not; what goes wrong is judged as at any save."""
        self.save_in(0.0)
        await self.tick()

    async def renew(self, change: Callable[[], None]) -> None:
        """Saves what was taken, lets `change` change what the processor works by, and loads what is stored anew."""
        async with self._lock:
            await self._save_quietly()
            change()
            self._forget()
            await self._loaded()

    def save_in(self, seconds: float) -> None:
        """Makes the next regular save due in so many seconds."""
        self._save_at = time.monotonic() + seconds

    def retry_now(self) -> None:
        """Ends a pause, and makes the next tick check the brake's release: for callers who know that the cause was mended."""
        self.pause.end()
        self._braking.look_now()

    async def stop(self) -> None:
        """Saves what was taken and takes no more."""
        self._stopping.set()
        self._give_up_loading()
        async with self._lock:
            await self._save_quietly()
            await self._tell_broker(within=1)
            self._forget()

    # ── taking and saving ────────────────────────────────────────────────────────────────────

    def _pieces(self, records: Sequence[ConsumerRecord]) -> Iterator[Piece]:
        """Yields the records we expect, all at once; suspects (of a poison batch) one by one."""
        together = Piece([], {})
        for run in runs(records):
            expected = self._expected(run)
            if expected and expected[0] in self._suspects:
                yield from (Piece([record], {record.partition: record.offset + 1}) for record in expected if record in self._suspects)
                expected = [record for record in expected if record not in self._suspects]
            if expected:
                together.records.extend(expected)
                together.ends[expected[-1].partition] = expected[-1].offset + 1
        if together.records:
            yield together

    def _expected(self, run: Sequence[ConsumerRecord]) -> Sequence[ConsumerRecord]:
        """Leaves out what was taken before, and everything after a gap until a seek has shown the gap to be real.

        Gaps are real where a topic is compacted or holds transaction markers. A poll that was under way while we went back brings some too.
        """
        position = self._positions.get(run[0].partition)
        if position is None:
            return ()
        if run[0].offset < position.next:
            run = [record for record in run if record.offset >= position.next]
        if run and run[0].offset > position.next and run[0].offset != position.gap:
            position.gap = run[0].offset
            self._feed.seek(run[0].partition, position.next)
            return ()
        return run

    async def _take(self, piece: Piece) -> None:
        """Works one piece into memory, and saves when that is due."""
        records = piece.records
        letters = self._suspects.caught(records)
        if rest := without(records, letters):
            letters += await self.processor.take(rest)
        for partition, end in piece.ends.items():
            self._positions[partition].next = end
        self._braking.take(records, letters)
        if self.brake.tripped and len(records) > 1:
            raise Tripping
        self._letters += letters
        self._taken += len(records)
        metrics.BATCH_RECORDS.labels(self.topic).observe(len(records))
        due = self.processor.pressing() or time.monotonic() >= self._save_at
        if due or self.brake.tripped or records[0] in self._suspects:
            await self._save()

    async def _save(self) -> None:
        """Saves offsets and effects in one transaction. Raises Fenced when another instance has moved an offset."""
        every = self.processor.pressing() or (self._together and any(position.moved for position in self._positions.values()))
        moved = {partition: position for partition, position in self._positions.items() if position.moved or every}
        if not moved:
            return
        started = time.monotonic()
        forms = self.aside.forms(self._letters, started)
        async with self._database.transaction() as tx:
            await offsets.advance(tx, self.name, self.topic, moved)
            await self.processor.save(tx)
            await put(tx, self.aside.messages(self._letters, forms), Lane.BULK)
            await self._braking.keep(tx, self._positions)
        for partition, position in moved.items():
            position.committed = position.next
            self._suspects.absolve(partition, position.committed)
        self.aside.committed(self._letters, forms, started)
        metrics.CONSUMED.labels(self.topic).inc(self._taken)
        self._letters, self._taken = [], 0
        self.pause.succeeded()
        self._progressed_at = time.monotonic()
        # A save may take a tenth of the time: a busy stream saves seldom, a calm one at once, and without a backlog somebody waits for it.
        slowest = self.slowest if self._full else self.slowest / 5
        self._save_at = self._progressed_at + min(max(10 * (self._progressed_at - started), 0.1), slowest)
        self._braking.committed(self.assigned or ())

    async def _save_quietly(self) -> None:
        """Saves a last time before a partition is revoked: when it fails, the partition's next owner does the work again."""
        if self.brake.tripped:
            return
        try:
            await self._save()
        except Exception as error:  # noqa: BLE001  the loop that judges
            log.warning("%s leaves what it took since its last save to the next owner: %s", self.group, error)

    # ── recovering from errors ───────────────────────────────────────────────────────────────

    def _judge(self, error: Exception, piece: Sequence[ConsumerRecord]) -> None:
        """Discards what is in memory, and decides when to go back, and which records are suspected."""
        unsaved = {partition: position.next for partition, position in self._positions.items() if position.moved}
        self._forget()
        if isinstance(error, Fenced):
            log.warning("fenced: %s", error)
            metrics.FENCED.labels(self.topic).inc()
        elif is_transient(error) or isinstance(error, KafkaError):
            metrics.STREAM_RETRIES.labels(self.topic, "transient").inc()
            self._pause(error)
        elif isinstance(error, Tripping):
            self._suspects.doubt(unsaved)
        else:
            log.error("%s: handling %d records raised", self.group, len(piece), exc_info=error)
            metrics.STREAM_RETRIES.labels(self.topic, "raised").inc()
            self._suspects.doubt(unsaved)
            self._suspects.blame(piece, error)
            if not piece and not unsaved:
                self._pause(error)

    def _forget(self) -> None:
        self._positions, self._letters, self._taken = {}, [], 0
        self._braking.forget()

    def _pause(self, error: BaseException | None) -> None:
        log.warning("%s pauses for %.0f s: %s", self.group, self.pause.begin(), error)

    async def _until_loaded(self) -> None:
        """Holds back the next poll while a pause lasts. The lock is free meanwhile, so rebalances go on."""
        while not self._stopping.is_set() and self.assigned and not await self.loaded():
            await wait_for_wakeup(self._stopping, self.pause.left, clear=False)

    async def loaded(self) -> bool:
        """Loads what the last commit left, if it is not in memory and may be loaded now; returns True when it is."""
        async with self._lock:
            return await self._loaded()

    async def _loaded(self) -> bool:
        """Returns True when positions and state are in memory; loads what the last commit left when they are not, and no pause holds."""
        if self._positions or not self.assigned or self._stopping.is_set() or self._leaving or self.pause.left:
            return bool(self._positions)
        loading = self._loading = asyncio.create_task(self._load(sorted(self.assigned)))
        try:
            await asyncio.wait({loading})
        finally:
            loading.cancel()
        if not loading.cancelled() and loading.exception() is None:
            return True
        self._forget()
        if not loading.cancelled():
            self._pause(loading.exception())
        return False

    def _give_up_loading(self) -> None:
        self._leaving = bool(self.assigned)
        if self._loading is not None:
            self._loading.cancel()

    async def _look(self) -> None:
        """Reads on from where the last commit stands when an operator has released the brake."""
        assigned = self.assigned or ()
        try:
            if await self._braking.is_released(self._database, assigned):
                self._suspects, self._bounds_of = Suspects(), None
                self._braking.begin_anew(assigned)
                self._forget()
        except (*TRANSIENT, KafkaError) as error:
            log.info("%s looks for a release in vain: %s", self.group, error)

    async def _load(self, partitions: list[int]) -> None:
        has = await self._feed.log(partitions, self.identity) if self._bounds_of != self.assigned else Log()
        async with self._database.transaction() as tx:
            positions = await offsets.load(tx, self.name, self.topic, partitions, has)
            await self.processor.load(tx, partitions)
            await self._braking.load(tx, partitions, has.ends)
        for partition, position in positions.items():
            self._feed.seek(partition, position.next)
        self._positions, self._bounds_of = positions, self.assigned
        if self.brake.tripped:
            self._feed.pause(partitions)

    # ── for health and metrics ───────────────────────────────────────────────────────────────

    def partitions(self) -> int:
        """Returns how many partitions the topic has. Raises KafkaError before the broker has told."""
        return self._feed.partitions()

    def committed(self) -> int:
        """Returns the sum of what is committed over this instance's partitions: with `lag`, where the topic ends."""
        return sum(position.committed for position in self._positions.values())

    async def lag(self) -> int | None:
        """Returns the records not yet committed over this instance's partitions; None before the broker has told its ends."""
        if self.assigned is None:
            return None
        try:
            behind = [await self._behind(partition, position) for partition, position in list(self._positions.items())]
        except KafkaError:  # a rebalance is under way
            return None
        return None if None in behind or len(behind) != len(self.assigned) else sum(filter(None, behind))

    async def _behind(self, partition: int, position: Position) -> int | None:
        if self.brake.tripped:
            ends = self._braking.ends
            return max(ends[partition] - position.committed, 0) if partition in ends else None
        return await self._feed.behind(partition, position, idle=not self._handling)

    async def trouble(self) -> str | None:
        """Returns what keeps this stream from being ready; None when all is well."""
        lag, idle = await self.lag(), time.monotonic() - self._progressed_at
        if self.brake.tripped:
            return f"the brake is on: {self.brake}"
        if self.assigned is None:
            return "not assigned yet: there may be no such topic, or it may not be read" if self.foreign else "not assigned yet"
        if self.assigned and not self._positions:
            return "positions not loaded"
        if lag is None:
            return "lag unknown"
        if self._unheard:
            return "Kafka does not answer"
        return f"{lag} records behind and no progress for {idle:.0f} s" if lag and idle > STALLED else None

    async def _tell_broker(self, within: float = 5) -> None:
        """Commits to Kafka too, only so that its own lag tools see it."""
        try:
            await self._feed.commit({partition: position.committed for partition, position in self._positions.items()}, within)
            self._unheard = False
        except TimeoutError:
            self._unheard = True
        except KafkaError as error:
            log.info("%s: Kafka was not told where we are: %s", self.group, error)
