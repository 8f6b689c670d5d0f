"""Fills the second set of tables up to where the first one stands, and puts it in the first one's place.

The first set serves and goes on being written meanwhile. Only the last step holds the gate: nobody else writes then, so both sets
have taken the same facts when the second takes over.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from aiokafka import ConsumerRecord

from services.console.hearing.streams import HEARD, handling
from services.console.keeping import of_model
from services.console.rebuilding import tables
from services.console.rebuilding.older import take_older
from services.console.rebuilding.topics import Place, Source, said_at
from services.console.settings import ConsoleSettings
from shared.events import Topic
from shared.postgres import Database, Tx
from shared.retention import AT_ONCE

BOTH = f"{tables.FILLED}, {tables.SERVING}"  # the search path: the second set's tables hide the first's
STREAM = "console"
OFFSETS = f"SELECT topic, partition, next FROM {tables.SERVING}.offsets WHERE stream = $1 ORDER BY topic, partition"  # noqa: S608
ENTER = f"SELECT FROM {tables.SERVING}.gate FOR UPDATE"
CLOSE = 2000  # facts that the last step may have to take while others wait
PATIENCE = "400ms"  # less than the second after which Postgres calls it a deadlock and ends either
TRIES = 50  # of the last step, while pages are being read
NOTHING = datetime.max.replace(tzinfo=UTC)  # since when a partition has everything, when it has nothing any more
EVERY_S = 2.0  # between two lines of progress

Say = Callable[[str], None]


class Busy(Exception):
    """Pages were read all the time, so the tables could not be swapped: run it again when it is calmer."""


@dataclass
class Rebuild:
    """One run: where it stands in each partition, and what it has taken."""

    database: Database  # with the search path BOTH
    source: Source
    say: Say
    run: UUID = field(default_factory=uuid4)
    stands: dict[Place, int] = field(default_factory=dict)
    begins: dict[Topic, datetime] = field(default_factory=dict)  # of topics that no longer have everything
    taken: int = 0
    _started: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)

    async def prepare(self) -> Mapping[str, int]:
        """Makes the empty second set; returns how many rows the first one has."""
        async with self.transaction(ours=False) as tx:
            await tables.prepare(tx, self.run)
            return await tables.counts(tx, tables.SERVING)

    async def catch_up(self) -> None:
        """Takes facts until it is close to where the first set stands."""
        while True:
            async with self.database.connection() as connection:
                ends = await _ends(connection)
            for place, end in ends.items():
                if place not in self.stands:
                    await self._begin(place, end)
                async for records in self.source.between(place, self.stands[place], end):
                    async with self.transaction() as tx:
                        await self._take(tx, place, records, sum(ends.values()))
                self.stands[place] = max(end, self.stands[place])
            async with self.database.connection() as connection:
                if sum((await _ends(connection)).values()) - sum(self.stands.values()) <= CLOSE:
                    return

    async def _begin(self, place: Place, end: int) -> None:
        """Begins a partition, and notes since when its topic has everything, when its beginning is gone."""
        first = self.stands[place] = await self.source.begin(place)
        if first == 0:
            return
        oldest = NOTHING
        async for records in self.source.between(place, first, min(first + 1, end)):
            oldest = said_at(records[0])
        self.begins[place[0]] = max(oldest, self.begins.get(place[0], oldest))

    async def _take(self, tx: Tx, place: Place, records: Sequence[ConsumerRecord], until: int = 0) -> None:
        """Has the handlers take records; what does not decode is among the dead letters already."""
        topic, partition = place
        at_once = next(heard.at_once for heard in HEARD if heard.topic is topic)
        for at in range(0, len(records), at_once):
            hears = handling(topic)
            await hears.load(tx, [partition])
            await hears.take(records[at : at + at_once])
            await hears.save(tx)
        self.stands[place] = records[-1].offset + 1
        self.taken += len(records)
        if time.monotonic() - self._said > EVERY_S and until:
            self._said = time.monotonic()
            rate = self.taken / (self._said - self._started)
            self.say(f"{topic}: {self.taken:,} facts, {rate:,.0f}/s, {until - sum(self.stands.values()):,} left at most")

    async def finish(self, settings: ConsoleSettings, *, forget_older: bool) -> None:
        """Takes over what is older than the topics, deletes what is too old to keep, and swaps. Raises Busy."""
        if self.begins and not forget_older:
            async with self.transaction() as tx:
                await take_older(tx, self.begins)
        await self._tidy(settings)
        async with self.transaction() as tx:
            for table in tables.MODEL:
                await tx.execute(f"ANALYZE {tables.FILLED}.{table}")
        for _ in range(TRIES):
            stood, taken = dict(self.stands), self.taken
            try:
                async with self.transaction() as tx:
                    await self._swap(tx)
                return
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                self.stands, self.taken = stood, taken
                await asyncio.sleep(0.2)
        raise Busy(Busy.__doc__)

    async def _tidy(self, settings: ConsoleSettings) -> None:
        for kept in of_model(settings):
            touched = AT_ONCE
            while touched == AT_ONCE:
                async with self.transaction() as tx:
                    status = await tx.execute(kept.statement, kept.keep)
                touched = int(status.rpartition(" ")[2])

    async def _swap(self, tx: Tx) -> None:
        """Enters, takes the last facts, and puts the second set in the place of the first."""
        await tx.execute(ENTER)
        for place, end in (await _ends(tx)).items():
            if place not in self.stands:
                await self._begin(place, end)
            async for records in self.source.between(place, self.stands[place], end):
                await self._take(tx, place, records)
        await tx.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        await tables.swap(tx)

    @asynccontextmanager
    async def transaction(self, *, ours: bool = True) -> AsyncIterator[Tx]:
        """Runs a transaction in which the second set is ours. Raises Overtaken. A crash may lose it: then the run is lost, too."""
        async with self.database.transaction() as tx:
            await tx.execute("SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0")
            if ours:
                await tables.still_ours(tx, self.run)
            yield tx


async def _ends(tx: Tx) -> dict[Place, int]:
    """Returns where the first set stands; the directory comes first, so that what is erased need not be erased again."""
    order = [heard.topic for heard in HEARD]
    rows = [(Topic(row["topic"]), row["partition"], row["next"]) for row in await tx.fetch(OFFSETS, STREAM)]
    known = [row for row in rows if row[0] in order]
    return {(topic, partition): end for topic, partition, end in sorted(known, key=lambda row: (order.index(row[0]), row[1]))}


async def rebuild(database: Database, source: Source, settings: ConsoleSettings, say: Say, *, forget_older: bool = False) -> int:
    """Makes the read model anew; says what it does. Returns how many facts it took. `database` has the search path BOTH."""
    own = Rebuild(database, source, say)
    before = await own.prepare()
    await own.catch_up()
    for topic, since in own.begins.items():
        lost = "no longer has all that was said" if since == NOTHING else f"has nothing from before {since:%Y-%m-%d %H:%M} UTC"
        say(f"{topic} {lost}: what is older {'is forgotten' if forget_older else 'is taken over as it is'}")
    await own.finish(settings, forget_older=forget_older)
    async with database.connection() as connection:
        after = await tables.counts(connection, tables.SERVING)
    for table in tables.MODEL:
        say(f"{table}: {before[table]:,} rows before, {after[table]:,} now")
    return own.taken
