"""Runs work that is due (a job queue in Postgres): each job is a row, claimed under a lease, by the database's clock. No sleeping tasks.

First try, retry, escalation, warning and housekeeping are all the same path: `schedule` a row, get
it back when it is due, `settle` it in the transaction that holds its effects. A worker that died
loses its lease when the lease ends; a worker that comes back after that (a zombie) finds its token
gone, and its transaction is rolled back. A row that raises again and again, although every dependency
answers, is put aside (`shared/due_aside.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import asyncpg
from aiokafka.errors import KafkaError

from shared import due_aside, metrics
from shared.places import Places
from shared.postgres import NOT_YET, TRANSIENT, Database, Tx, wait_for_wakeup

log = logging.getLogger(__name__)

# This makes rows due at new times, with their attempts forgotten, and takes them out of `due_aside`.
SCHEDULE = """WITH new AS (SELECT ref, at FROM unnest($2::text[], $3::timestamptz[]) AS new (ref, at)),
        back AS (DELETE FROM due_aside USING new WHERE due_aside.kind = $1 AND due_aside.ref = new.ref)
    INSERT INTO due (kind, ref, due_at, ready_at) SELECT $1, ref, at, at FROM new
    ON CONFLICT (kind, ref) DO UPDATE
        SET due_at = excluded.due_at, ready_at = excluded.ready_at, attempts = 0, raised = 0, lease = NULL"""
CANCEL = "DELETE FROM due WHERE kind = $1 AND ref = $2"
# The CTE is materialized: as a subquery the planner may run it once per row, and each run claims another $4.
CLAIM = """WITH ready AS MATERIALIZED (
        SELECT ref FROM due WHERE kind = $1 AND ready_at <= clock() ORDER BY ready_at LIMIT $4 FOR UPDATE SKIP LOCKED)
    UPDATE due SET lease = $2, ready_at = clock() + $3::interval, attempts = attempts + 1
    FROM ready WHERE due.kind = $1 AND due.ref = ready.ref
    RETURNING due.ref, due_at, attempts, raised, clock() AS now"""
SETTLE = "DELETE FROM due WHERE kind = $1 AND ref = $2 AND lease = $3"
AGAIN = "UPDATE due SET due_at = $4, ready_at = $4, raised = 0, lease = NULL WHERE kind = $1 AND ref = $2 AND lease = $3"
RENEW = "UPDATE due SET ready_at = clock() + $4::interval WHERE kind = $1 AND ref = $2 AND lease = $3"
# These do the same for many rows. Rows are locked in one order, so that two workers never wait for each other.
OURS = """SELECT due.kind, due.ref
    FROM due JOIN unnest($1::text[], $2::text[], $3::uuid[]) AS held (kind, ref, lease) USING (kind, ref, lease)
    ORDER BY due.kind, due.ref FOR UPDATE OF due"""
SETTLE_MANY = """DELETE FROM due USING unnest($1::text[], $2::text[], $3::uuid[]) AS held (kind, ref, lease)
    WHERE due.kind = held.kind AND due.ref = held.ref AND due.lease = held.lease RETURNING due.kind, due.ref"""
AGAIN_MANY = """UPDATE due SET due_at = at, ready_at = at, raised = 0, lease = NULL
    FROM unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[]) AS held (kind, ref, lease, at)
    WHERE due.kind = held.kind AND due.ref = held.ref AND due.lease = held.lease RETURNING due.kind, due.ref"""
RENEW_MANY = """UPDATE due SET ready_at = clock() + $4::interval
    FROM unnest($1::text[], $2::text[], $3::uuid[]) AS held (kind, ref, lease)
    WHERE due.kind = held.kind AND due.ref = held.ref AND due.lease = held.lease RETURNING due.kind, due.ref"""
# This ends the lease before its time, and makes the row ready again later.
RETURN = """UPDATE due SET ready_at = clock() + $4::interval, raised = raised + $5, lease = NULL
    WHERE kind = $1 AND ref = $2 AND lease = $3"""
NEXT = "SELECT extract(epoch FROM min(ready_at) - clock())::float8 FROM due WHERE kind = $1"

# This finds the kinds by stepping through the index, so that it is as quick with a million rows that are due tomorrow.
LATE = """WITH RECURSIVE kinds AS (
        (SELECT kind FROM due ORDER BY kind LIMIT 1)
        UNION ALL SELECT (SELECT due.kind FROM due WHERE due.kind > kinds.kind ORDER BY due.kind LIMIT 1)
            FROM kinds WHERE kinds.kind IS NOT NULL)
    SELECT kind, rows, since FROM kinds, LATERAL (SELECT count(*) AS rows, min(ready_at) AS since FROM (
        SELECT ready_at FROM due WHERE due.kind = kinds.kind AND ready_at <= clock() ORDER BY ready_at LIMIT 10000) AS first) AS counted
    WHERE rows > 0 ORDER BY kind"""

# Seconds that may lie between two rows of what is urgent while it counts as under way: it comes in bursts, as it is found out.
BETWEEN = 0.5


class LeaseLost(Exception):
    """Another worker has this row by now: nothing this one did may be kept."""


@dataclass(frozen=True, slots=True)
class Due:
    """Is one row of work that this worker holds until its lease ends."""

    kind: str
    ref: str
    due_at: datetime
    attempts: int  # this one included
    lease: UUID
    now: datetime  # the database's clock when it was claimed
    raised: int = 0  # tries before this one that raised what waiting does not mend

    async def settle(self, tx: Tx) -> None:
        """Deletes the row: the work is done when `tx` commits. Raises LeaseLost when the lease is no longer ours."""
        await self._only_if_ours(await tx.execute(SETTLE, self.kind, self.ref, self.lease))

    async def again(self, tx: Tx, at: datetime) -> None:
        """Makes the work due again at the moment `at`. Raises LeaseLost when the lease is no longer ours."""
        await self._only_if_ours(await tx.execute(AGAIN, self.kind, self.ref, self.lease, at))

    async def renew(self, tx: Tx, lease: timedelta) -> None:
        """Starts the lease anew from now: for work that takes long. Raises LeaseLost when it is no longer ours."""
        await self._only_if_ours(await tx.execute(RENEW, self.kind, self.ref, self.lease, lease))

    async def _only_if_ours(self, status: str) -> None:
        if status.endswith(" 0"):
            raise LeaseLost(f"{self.kind} {self.ref}")


async def ours(tx: Tx, dues: Iterable[Due]) -> set[Due]:
    """Returns those of the rows whose lease is still ours; nobody else gets them until `tx` ends."""
    return await _those(tx, OURS, list(dues))


async def settle(tx: Tx, dues: Collection[Due]) -> set[Due]:
    """Deletes the rows whose lease is still ours, and returns which: their work is done when `tx` commits."""
    return await _those(tx, SETTLE_MANY, dues)


async def again(tx: Tx, dues: Mapping[Due, datetime]) -> set[Due]:
    """Makes the work due again, each at its moment, where the lease is still ours; returns which."""
    return await _those(tx, AGAIN_MANY, dues, list(dues.values()))


async def renew(tx: Tx, dues: Collection[Due], lease: timedelta) -> set[Due]:
    """Starts the leases that are still ours anew from now; returns which."""
    return await _those(tx, RENEW_MANY, dues, lease)


async def _those(tx: Tx, query: str, dues: Collection[Due], *more: object) -> set[Due]:
    of = {(due.kind, due.ref): due for due in dues}
    return {of[row["kind"], row["ref"]] for row in await tx.fetch(query, *_columns(dues), *more)} if of else set()


def _columns(dues: Iterable[Due]) -> tuple[list[str], list[str], list[UUID]]:
    rows = [(due.kind, due.ref, due.lease) for due in dues]
    return [kind for kind, _, _ in rows], [ref for _, ref, _ in rows], [lease for _, _, lease in rows]


async def schedule(tx: Tx, kind: str, due: Mapping[str, datetime]) -> None:
    """Makes work of one kind due: ref → when. A row that is there already, or was put aside, gets the new time."""
    if due:
        await tx.execute(SCHEDULE, kind, list(due), list(due.values()))


async def cancel(tx: Tx, kind: str, ref: str) -> None:
    """Deletes the row, if there is one."""
    await tx.execute(CANCEL, kind, ref)


async def late(tx: Tx) -> Sequence[asyncpg.Record]:
    """Returns by kind how many rows are due and not done, up to 10,000, and since when the oldest is."""
    rows: list[asyncpg.Record] = await tx.fetch(LATE)
    return rows


Handle = Callable[[Due], Awaitable[None]]


@dataclass(frozen=True)
class Work:
    """Says how due rows of one kind are done: by which handler, how many at a time, and how long a worker may take."""

    handle: Handle  # must settle the row, or make it due again, in the transaction of its effects
    at_once: int = 1
    lease: timedelta = timedelta(seconds=30)
    recurs: bool = False  # one row that comes again for ever: it holds up no other, and is never put aside
    places: Places = field(default_factory=Places)  # of those under way; a handler that waits for somebody slow gives its own up
    before: Collection[str] = ()  # kinds that are more urgent: while any of them is at work, only `least` of this one are
    least: int = 1  # 0: one a second


def pause_after(attempts: int) -> timedelta:
    """Returns how long to leave a row alone after a try that raised: 1 s, doubling, at most 30 s."""
    return timedelta(seconds=min(2 ** min(attempts - 1, 5), 30))


@dataclass
class Timers:
    """Claims due rows, one loop a kind, so that a slow kind delays no other."""

    database: Database
    kinds: Mapping[str, Work]
    _running: dict[asyncio.Task[None], Due] = field(default_factory=dict)
    _claiming: dict[str, asyncio.Lock] = field(default_factory=dict)  # by kind, held while rows are claimed
    _stopping: bool = False

    def __post_init__(self) -> None:
        for kind in self.kinds:
            metrics.DUE_ASIDE.labels(kind)

    async def run(self) -> None:
        """Runs until cancelled."""
        await asyncio.gather(*(self._claim_forever(kind, work) for kind, work in self.kinds.items()))

    async def stop(self, within: float) -> None:
        """Claims no more, lets running work finish for `within` seconds, then gives the leases of the rest back."""
        self._stopping = True
        try:
            async with asyncio.timeout(within):
                for claiming in self._claiming.values():
                    async with claiming:  # a claim under way may have taken leases already
                        pass
                while self._running:
                    await asyncio.wait(set(self._running))
        except TimeoutError:
            await self._give_back()

    async def do_due(self, kind: str) -> int:
        """Claims as many rows of one kind as are done at once, and does them one after another; returns how many."""
        work = self.kinds[kind]
        claimed = await self.claim(kind, work.at_once)
        for due in claimed:
            await self._do(work, due)
        return len(claimed)

    async def _give_back(self) -> None:
        left = dict(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(set(left), timeout=1)
        try:
            async with self.database.transaction() as tx:
                await tx.executemany(RETURN, [(due.kind, due.ref, due.lease, timedelta(), 0) for due in left.values()])
        except TRANSIENT as error:
            log.warning("%d rows come back when their leases end: %s", len(left), error)

    async def _claim_forever(self, kind: str, work: Work) -> None:
        inserted = self.database.wakeup("due")
        free, starved = asyncio.Event(), False
        while not self._stopping:
            try:
                inserted.clear()
                free.clear()
                if await self._fill(kind, work, free, starved=starved):
                    starved = not await wait_for_wakeup(free, 1)
                else:
                    starved = False
                    await wait_for_wakeup(inserted, await self._until_next(kind))
            except TRANSIENT as error:
                log.warning("claiming due %s stopped (%s), trying again", kind, error)
                await asyncio.sleep(1)

    async def _fill(self, kind: str, work: Work, free: asyncio.Event, *, starved: bool) -> bool:
        """Claims as much as there are workers for, and starts them; returns whether all are at work. `free` is set when many are done.

        `starved`: nothing was claimed or done for a second; one row is taken, whatever is more urgent.
        """
        async with self._claiming.setdefault(kind, asyncio.Lock()):
            taken = work.places.taken
            slots = 0 if self._stopping else max(self._limit(work) - taken, 1 if starved and not taken else 0)
            claimed = await self.claim(kind, slots) if slots else []
            for due in claimed:
                task = asyncio.create_task(self._do(work, due))
                self._running[task] = due
                work.places.take(task)
                task.add_done_callback(partial(self._done, work, free))
        return slots == len(claimed)

    def _done(self, work: Work, free: asyncio.Event, task: "asyncio.Task[None]") -> None:
        """Has more claimed once a quarter of the workers is free: one claim for many rows costs little more than one for one."""
        del self._running[task]
        work.places.give_back(task)
        if 4 * work.places.taken <= 3 * self._limit(work):
            free.set()

    def _limit(self, work: Work) -> int:
        """Returns how many rows of this work may be under way now."""
        urgent = any(self.kinds[kind].places.were_taken_within(BETWEEN) for kind in work.before)
        return work.least if urgent else work.at_once

    async def claim(self, kind: str, most: int) -> list[Due]:
        """Takes at most so many rows that are due, under a lease; the caller must settle them before it ends."""
        lease = uuid4()
        async with self.database.connection() as connection:
            rows = await connection.fetch(CLAIM, kind, lease, self.kinds[kind].lease, most)
        for row in rows:
            if row["attempts"] == 1:
                metrics.DUE_LATENESS.labels(kind).observe((row["now"] - row["due_at"]).total_seconds())
        return [Due(kind, row["ref"], row["due_at"], row["attempts"], lease, row["now"], row["raised"]) for row in rows]

    async def _until_next(self, kind: str) -> float:
        async with self.database.connection() as connection:
            seconds = await connection.fetchval(NEXT, kind)
        return 1.0 if seconds is None else min(max(seconds, 0.0), 1.0)

    async def _do(self, work: Work, due: Due) -> None:
        try:
            await work.handle(due)
        except LeaseLost:
            metrics.LEASES_LOST.labels(due.kind).inc()
        except Exception as error:
            log.exception("due %s %s raised on try %d", due.kind, due.ref, due.attempts)
            metrics.DUE_FAILURES.labels(due.kind).inc()
            await self._return(work, due, error)

    async def _return(self, work: Work, due: Due, error: Exception) -> None:
        """Leaves the row to a later try, without limit while something it needs is away; else puts it aside after the last try."""
        raised = not isinstance(error, (*NOT_YET, KafkaError))
        try:
            async with self.database.connection() as connection:
                if raised and due.raised + 1 >= due_aside.TRIES and not work.recurs:
                    await due_aside.put_aside(connection, due.kind, due.ref, due.lease, error)
                else:
                    await connection.execute(RETURN, due.kind, due.ref, due.lease, pause_after(due.attempts), int(raised))
        except TRANSIENT as away:
            log.warning("due %s %s comes back when its lease ends: %s", due.kind, due.ref, away)
