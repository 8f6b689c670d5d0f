"""A timer looks how far monitor reads, by the database's clock, also when no event comes at all.

An open incident whose component says nothing is marked silent; of one that was found behind it is said when all is read. What is
expected and does not come opens one.
"""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.monitor import metrics
from services.monitor.acts import absences, changing, surging
from services.monitor.acts.changing import News, Now
from services.monitor.incidents.life import BEHIND, behind_seconds, silent_since
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.file import RulesFile
from services.monitor.rules.incidents import IncidentRule
from services.monitor.store import progress as store
from services.monitor.store.incidents import lock_incidents, queries
from services.monitor.store.risks import risks_open
from services.monitor.windows.progress import Look, advance
from shared.events import Topic
from shared.postgres import TRANSIENT, Database, Tx
from shared.stream import Stream
from shared.timers import Due, schedule

LISTEN, EXPECT, CALM_DOWN = "listen", "expect", "calm down"  # the kinds of the due rows
EVERY = timedelta(seconds=15)
SOON = timedelta(seconds=1)  # between looks of one probe: it takes three or four, and what it finds is as old as its first
WITHIN = 5.0  # seconds the broker may take to say where its topics end


@dataclass(frozen=True, slots=True)
class Ends:
    """The end of each partition of both topics."""

    events: dict[int, int]
    partials: dict[int, int]
    forwarded_before: int  # events forwarded to another partition, before the ends were asked for


class Listening:
    """The work that is due every 15 seconds: it looks how far monitor reads, and which open incidents were not heard of up to there.

    While one probe is under way it looks each second. One instance does it for all.
    """

    def __init__(self, rules: RulesFile, database: Database, events: Stream, partials: Stream) -> None:
        self._rules = {rule.id: rule for rule in rules.components}
        self._database, self._events, self._partials = database, events, partials

    async def take(self, rules: RulesFile) -> None:
        """Takes other rules from the next look on."""
        self._rules = {rule.id: rule for rule in rules.components}

    async def schedule(self) -> None:
        """Makes the row due; when it is there already, it is due now."""
        async with self._database.transaction() as tx:
            await schedule(tx, LISTEN, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        ends, under_way = await self._ends(), False
        async with self._database.transaction() as tx:
            if ends is not None:
                read_to, under_way = await _read_to(tx, due.now, ends)
                if read_to is not None and not under_way:
                    await _catch_up(tx, read_to)
                    await _mark_silent(tx, self._rules, read_to)
            await due.again(tx, due.now + (SOON if under_way else EVERY))

    async def _ends(self) -> Ends | None:
        """Returns where both topics end; None while the broker does not say."""
        async with self._database.connection() as connection:
            known, forwarded = await store.offsets(connection), await store.forwarded(connection)
        try:
            async with asyncio.timeout(WITHIN):
                return Ends(await _ends_of(self._events, known), await _ends_of(self._partials, known), forwarded)
        except (KafkaError, TimeoutError):
            return None


class OpeningOverdue:
    """The work that is due every 15 seconds: it opens incidents of expected events that are overdue by what has been read.

    One instance does it for all.
    """

    def __init__(
        self, rules: RulesFile, named: frozenset[str], database: Database, parents: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """`named`: the components of the catalog, which rules expect events of that name none; `parents`: what each hangs on."""
        self._named, self._database, self._parents = named, database, parents
        self._rules = _on_absence(rules)

    async def take(self, rules: RulesFile) -> None:
        """Takes other rules: what they expect counts from now on."""
        self._rules = _on_absence(rules)
        async with self._database.transaction() as tx:
            await absences.expect(tx, self._rules, self._named)

    async def schedule(self) -> None:
        """Begins to expect what the rules say, and makes the row due; when it is there already, it is due now."""
        async with self._database.transaction() as tx:
            await absences.expect(tx, self._rules, self._named)
            await schedule(tx, EXPECT, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        async with self._database.transaction() as tx:
            await absences.open_overdue(tx, self._rules, self._parents)
            await due.again(tx, due.now + EVERY)


class CalmingDown:
    """The work that is due every 15 seconds: it ends what complaints have made, once they have calmed down and all tickets are read.

    One instance does it for all.
    """

    def __init__(self, rules: Callable[[], surging.Rules], database: Database, tickets: Stream) -> None:
        """`rules`: returns those in force."""
        self._rules, self._database, self._tickets = rules, database, tickets

    async def schedule(self) -> None:
        """Makes the row due; when it is there already, it is due now."""
        async with self._database.transaction() as tx:
            await schedule(tx, CALM_DOWN, {"": await tx.fetchval("SELECT clock()")})

    async def __call__(self, due: Due) -> None:
        is_read = await self._is_read()
        async with self._database.transaction() as tx:
            if is_read:
                await surging.look(tx, self._rules(), due.now)
            await due.again(tx, due.now + EVERY)

    async def _is_read(self) -> bool:
        """Says whether all tickets there were have been read; False while the broker does not say."""
        try:
            async with asyncio.timeout(WITHIN):
                async with self._database.connection() as connection:
                    known = await store.offsets(connection)
                ends = await _ends_of(self._tickets, known)
        except (KafkaError, TimeoutError):
            return False
        read = known.get(Topic.TICKETS, {})
        return all(read.get(partition, 0) >= end for partition, end in ends.items())


def _on_absence(rules: RulesFile) -> absences.Rules:
    return {rule.id: rule for rule in rules.components if isinstance(rule, AbsenceRule)}


async def _ends_of(stream: Stream, known: Mapping[str, Mapping[int, int]]) -> dict[int, int]:
    """Returns where each partition ends, without those that this instance has read to their end.

    Markers of transactions may stand there, which no committed offset passes until a record follows them.
    """
    consumer = stream.consumer()
    if consumer is None:
        raise KafkaConnectionError("not consuming yet")
    ends = await consumer.end_offsets([TopicPartition(stream.at_brokers, partition) for partition in known.get(stream.topic, ())])
    own = (stream.assigned or frozenset()) if await stream.lag() == 0 else frozenset()
    read = {at for at, end in ends.items() if at.partition in own and await consumer.position(at) >= end}
    return {at.partition: end for at, end in ends.items() if at not in read}


async def _read_to(tx: Tx, asked_at: datetime, ends: Ends) -> tuple[datetime | None, bool]:
    """Returns how far monitor reads, and whether a probe that would say more is under way."""
    read_to, probe = await store.read_to(tx)
    committed = await store.offsets(tx)
    look = Look(
        asked_at,
        ends.events,
        ends.partials,
        folded=committed.get(Topic.PRODUCT_EVENTS, {}),
        judged=committed.get(Topic.PARTIALS, {}),
        now=await tx.fetchval("SELECT clock()"),
        oldest_unsent=await store.oldest_unsent(tx),
        forwarded_before=ends.forwarded_before,
        forwarded=await store.forwarded(tx),
    )
    probe, come_to = advance(probe, look)
    await store.keep_read_to(tx, come_to or read_to, probe)
    return come_to or read_to, probe is not None


async def _catch_up(tx: Tx, read_to: datetime) -> None:
    """Says of what was found behind that monitor has caught up. Detection says so too, but only where later events come."""
    now: datetime = await tx.fetchval("SELECT clock()")
    behind = behind_seconds(now, read_to)
    if behind > BEHIND:
        return
    found_behind = [row["id"] for row in await tx.fetch(queries.found_behind, BEHIND)]
    for row in (await lock_incidents(tx, found_behind)).values():
        if row.open and row.behind_seconds > BEHIND:
            await changing.update(tx, row.id, News("monitor has read all there is", row.why), Now(now, behind))


async def _mark_silent(tx: Tx, rules: Mapping[str, IncidentRule], read_to: datetime) -> None:
    """Marks the open incidents whose components were not heard of. The rows are locked first: detection may hear one meanwhile."""
    now: datetime = await tx.fetchval("SELECT clock()")
    await lock_incidents(tx, [row["id"] for row in await tx.fetch(queries.heard_of_open)])
    for row in await tx.fetch(queries.heard_of_open):
        rule = rules.get(row["rule"])
        since = silent_since(rule, row["heard_at"], row["spoke_at"], read_to) if rule else None
        if since is not None:
            await changing.silence(tx, row["id"], since, Now(now, behind_seconds(now, read_to)))


async def measure(database: Database, rules: Collection[str] = ()) -> None:
    """Sets the metrics of open incidents, and of risks by these rules, from their rows; NaN while the database is away."""
    try:
        async with database.connection() as connection:
            [row] = await connection.fetch(queries.size_of_open)
            risks = dict.fromkeys(rules, 0.0) | await risks_open(connection)
        size = tuple(row)
    except TRANSIENT:
        size = math.nan, math.nan, math.nan
        risks = dict.fromkeys(rules, math.nan)
    for rule, open_risks in risks.items():
        metrics.RISKS_OPEN.labels(rule).set(open_risks)
    for gauge, value in zip((metrics.INCIDENTS_OPEN, metrics.INCIDENTS_SILENT, metrics.CUSTOMERS_IN_TROUBLE), size, strict=True):
        gauge.set(value)
