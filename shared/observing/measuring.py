"""Measures a process from outside its own work: dependencies, lag, outbox, due work, readiness.

Each measurement has a loop and a time limit of its own, and uses connections that nothing else uses: what stands still
cannot hold up the measurement of it. What could not be measured in time is NaN, which means unknown and has its own alert.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import asyncpg
from aiokafka import TopicPartition
from prometheus_client import Gauge

from shared import metrics
from shared.kafka import Answering
from shared.observing.loop import LoopLag
from shared.postgres import Database
from shared.stream import Stream
from shared.streaming import offsets

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two measurements
WITHIN = 4.0  # seconds one may take
UNKNOWN = float("nan")

# This counts what waits and what was refused, to 10,000 each, and takes the age of the oldest that waits.
OUTBOX = """SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT 10000) AS counted) AS rows,
    (SELECT count(*) FROM (SELECT FROM unpublished LIMIT 10000) AS counted) AS refused,
    coalesce((SELECT extract(epoch FROM clock() - written_at) FROM outbox ORDER BY id LIMIT 1), 0)::float8 AS age"""
# The index on (kind, ready_at) answers both: the count stops at 10,000, and the oldest row is the index's first.
DUE = """SELECT kind,
    (SELECT count(*) FROM (SELECT FROM due WHERE due.kind = known.kind AND ready_at <= clock() LIMIT 10000) AS counted) AS rows,
    coalesce((SELECT extract(epoch FROM clock() - min(ready_at)) FROM due
        WHERE due.kind = known.kind AND ready_at <= clock()), 0)::float8 AS age,
    (SELECT count(*) FROM (SELECT FROM due_aside WHERE due_aside.kind = known.kind LIMIT 10000) AS counted) AS aside
    FROM unnest($1::text[]) AS known (kind)"""


class Measurement(Protocol):
    """Measures something again and again."""

    @property
    def every(self) -> float: ...

    async def once(self) -> None:
        """Measures once. It ends within its time limit and never raises."""


@dataclass(frozen=True)
class Figures:
    """Sets the gauges that one question answers; all of them are NaN when there is no answer in time."""

    name: str
    ask: Callable[[], Awaitable[None]]  # sets the gauges
    gauges: Sequence[Gauge]  # those that `ask` sets, labels filled in
    every: float = EVERY
    within: float = WITHIN

    async def once(self) -> None:
        try:
            async with asyncio.timeout(self.within):
                await self.ask()
        except Exception as error:  # noqa: BLE001  whatever it is, the figures are unknown
            log.debug("%s could not be measured: %s", self.name, error)
            self.forget()

    def forget(self) -> None:
        """Sets every gauge to NaN, which means unknown."""
        for gauge in self.gauges:
            gauge.set(UNKNOWN)


@dataclass
class Dependency:
    """Measures whether a server this process needs answers. The log says once that it is away, and once that it is back."""

    name: str
    probe: Callable[[], Awaitable[Any]]  # raises when there is no answer
    every: float = EVERY
    within: float = WITHIN
    _away_since: float | None = field(default=None, init=False)

    async def once(self) -> None:
        try:
            async with asyncio.timeout(self.within):
                await self.probe()
        except Exception as error:  # noqa: BLE001  whatever it is, there was no answer
            self._is_away(error)
        else:
            self._is_up()

    def _is_away(self, error: Exception) -> None:
        metrics.DEPENDENCY_UP.labels(self.name).set(0)
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("%s does not answer: %s", self.name, error)

    def _is_up(self) -> None:
        metrics.DEPENDENCY_UP.labels(self.name).set(1)
        if self._away_since is not None:
            log.warning("%s answers again after %.0f s", self.name, time.monotonic() - self._away_since)
            self._away_since = None


async def measure(measurements: Sequence[Measurement]) -> None:
    """Takes each measurement again and again, none waiting for another, until cancelled."""
    await asyncio.gather(*(_again_and_again(measurement) for measurement in measurements))


async def _again_and_again(measurement: Measurement) -> None:
    while True:
        await measurement.once()
        await asyncio.sleep(measurement.every)


class OwnConnection:
    """Is a database connection for measuring alone: no pool to be exhausted, no statement longer than a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Asks, on a new connection if the last one is gone."""
        async with self._one_at_a_time:
            try:
                if self._connection is None:
                    self._connection = await self._connect()
                return list(await self._connection.fetch(query, *arguments))
            except BaseException:
                self.close()
                raise

    async def _connect(self) -> asyncpg.Connection:
        arguments = self._database.connect_arguments()
        limits = {"statement_timeout": "1s", "lock_timeout": "500ms"}
        return await asyncpg.connect(**{**arguments, "server_settings": {**arguments["server_settings"], **limits}})

    def close(self) -> None:
        """Drops the connection without telling the server, which may be away."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def outbox(connection: OwnConnection) -> Figures:
    """Measures how many facts wait to be published, and for how long; and how many the broker refused."""

    async def ask() -> None:
        [waiting] = await connection.fetch(OUTBOX)
        metrics.OUTBOX_ROWS.set(waiting["rows"])
        metrics.UNPUBLISHED_ROWS.set(waiting["refused"])
        metrics.OUTBOX_AGE.set(max(waiting["age"], 0.0))

    return Figures("the outbox", ask, [metrics.OUTBOX_ROWS, metrics.UNPUBLISHED_ROWS, metrics.OUTBOX_AGE])


def due(connection: OwnConnection, kinds: Collection[str]) -> Figures:
    """Measures how much due work of each kind waits for a worker, and for how long; and how much was put aside."""

    async def ask() -> None:
        for row in await connection.fetch(DUE, list(kinds)):
            metrics.DUE_ROWS.labels(row["kind"]).set(row["rows"])
            metrics.DUE_AGE.labels(row["kind"]).set(max(row["age"], 0.0))
            metrics.DUE_ASIDE_ROWS.labels(row["kind"]).set(row["aside"])

    gauges = (metrics.DUE_ROWS, metrics.DUE_AGE, metrics.DUE_ASIDE_ROWS)
    return Figures("due work", ask, [gauge.labels(kind) for gauge in gauges for kind in kinds])


def lag(connection: OwnConnection, stream: Stream) -> Figures:
    """Measures how many records one stream has before it."""
    gauge = metrics.LAG.labels(stream.topic)

    async def ask() -> None:
        gauge.set(await _behind(connection, stream))

    return Figures(f"the lag of {stream.topic}", ask, [gauge])


async def _behind(connection: OwnConnection, stream: Stream) -> float:
    """Asks the broker for the ends, since a client remembers them long after the broker is gone; raises when it does not answer."""
    consumer, assigned = stream.consumer(), stream.assigned
    if consumer is None or assigned is None:
        return UNKNOWN
    ends = await consumer.end_offsets([TopicPartition(stream.at_brokers, partition) for partition in sorted(assigned)]) if assigned else {}
    known = await stream.lag()
    if known is not None:
        return known
    # A stream that cannot load its positions knows no lag, and is the one whose lag matters.
    stored = {row["partition"]: row["next"] for row in await connection.fetch(offsets.WHERE, stream.name, stream.topic, list(assigned))}
    return float(sum(max(end - stored.get(at.partition, end), 0) for at, end in ends.items()))


def readiness(names: Collection[str], checks: Callable[[], Awaitable[Mapping[str, str]]]) -> Figures:
    """Measures what /readyz says, for those who look at metrics."""

    async def ask() -> None:
        for name, said in (await checks()).items():
            metrics.READY.labels(name).set(said == "ok")

    return Figures("readiness", ask, [metrics.READY.labels(name) for name in names])


class Measuring:
    """Takes all measurements of one process; its connections end with it."""

    def __init__(self, database: Database, kafka: Answering, streams: Sequence[Stream], kinds: Collection[str]) -> None:
        self._answering, self._looking = OwnConnection(database), OwnConnection(database)
        self._kafka = kafka
        self._loop = LoopLag()
        self.measurements: list[Measurement] = [
            self._loop,
            Dependency("kafka", kafka.ask),
            Dependency("postgres", partial(self._answering.fetch, "SELECT 1")),
            outbox(self._looking),
            due(self._looking, kinds),
            *(lag(self._looking, stream) for stream in streams),
        ]

    async def run(self, *more: Measurement) -> None:
        """Measures until cancelled; `more` are the service's own measurements."""
        measurements = [*self.measurements, *more]
        for each in measurements:
            if isinstance(each, Figures):
                each.forget()
        try:
            with self._loop.watched():
                await measure(measurements)
        finally:
            self._answering.close()
            self._looking.close()
            await self._kafka.close()
