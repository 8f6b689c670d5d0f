"""Tries drafts of rules on the past, one at a time over all processes of monitor: work that is due, done by a child process.

A process that dies loses its lease, and another one begins anew.
"""

import asyncio
import logging
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

import asyncpg

from services.monitor.past.order import LARGEST, Order, Said
from services.monitor.ruling import Ruling
from services.monitor.store import backtests as store
from services.monitor.store.backtests import Begun
from shared.catalog import Catalog
from shared.failed import Failed
from shared.postgres import Database
from shared.timers import Due

log = logging.getLogger(__name__)

TRY = "backtest"  # the kind of the due rows
LEASE = timedelta(seconds=30)
SILENT = 5.0  # seconds of silence after which the lease is renewed all the same
BUSY = timedelta(seconds=2)  # between looks whether another draft is still tried
LONGEST = 3 * 3600.0  # seconds that one may take
LEGIBLE = 2_000  # characters of why one failed
TRIES = 4  # processes that may die of one draft

COMMAND = (sys.executable, "-m", "services.monitor.past")

Saying = AsyncGenerator[Said | None, None]
Run = Callable[[Order], Saying]


async def run_child(order: Order) -> Saying:
    """Yields what a child process says, and None when it has said nothing for a while. It is ended with this. Raises Failed."""
    child = await asyncio.create_subprocess_exec(*COMMAND, stdin=PIPE, stdout=PIPE, limit=LARGEST, start_new_session=True)
    try:
        async for said in _lines(child, order):
            yield said
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _lines(child: Process, order: Order) -> Saying:
    assert child.stdin is not None  # noqa: S101  narrowing
    assert child.stdout is not None  # noqa: S101  narrowing
    child.stdin.write(order.model_dump_json().encode() + b"\n")
    while True:
        try:
            async with asyncio.timeout(SILENT):
                line = await child.stdout.readline()
        except TimeoutError:
            yield None
            continue
        except ValueError:
            raise Failed(f"the process that tried it said more than {LARGEST >> 20} MiB at once") from None
        if not line:
            raise Failed(f"the process that tried it ended with code {await child.wait()}")
        said = Said.model_validate_json(line)
        yield said
        if said.failed or said.outcome is not None:
            return


class Trying:
    """Does the due work of trying a draft beside the rules in force."""

    def __init__(self, database: Database, ruling: Ruling, catalog: Catalog, run: Run = run_child) -> None:
        """`run`: what walks through the past."""
        self._database, self._ruling, self._catalog, self._run = database, ruling, catalog, run
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Leaves what is tried now to another process, or to the next start."""
        self._stopping.set()

    async def __call__(self, due: Due) -> None:
        begun = await self._begin(due)
        if begun is None:
            return
        try:
            if begun.tries > TRIES:
                raise Failed(f"{TRIES} processes have ended while they tried it")
            outcome = await self._follow(due, begun)
        except Failed as error:
            await self._finish(due, "failed", str(error)[:LEGIBLE])
        else:
            await (self._leave(due) if outcome is None else self._finish(due, "done", "", outcome))

    async def _begin(self, due: Due) -> Begun | None:
        """Begins; when it is not its turn yet, it becomes due again."""
        try:
            async with self._database.transaction() as tx:
                begun = await store.begin(tx, due.ref)
                if begun is not None:
                    return begun
        except asyncpg.UniqueViolationError:
            log.debug("another process has begun to try a draft at this moment")
        async with self._database.transaction() as tx:
            if await tx.fetchval(store.queries.backtest_waits, due.ref):
                await due.again(tx, due.now + BUSY)
            else:
                await due.settle(tx)
        return None

    async def _follow(self, due: Due, begun: Begun) -> dict[str, Any] | None:
        """Returns what was found; None when this process is to stop before. Raises Failed."""
        since = due.now - begun.back
        named, parents = sorted(self._catalog.components), {of: list(above) for of, above in self._catalog.parents.items()}
        order = Order(tried=begun.rules, today=self._ruling.text, named=named, since=since.timestamp(), parents=parents)
        last, ends = Said(), time.monotonic() + LONGEST
        async with aclosing(self._run(order)) as saying:
            async for said in saying:
                last = said or last
                if last.failed:
                    raise Failed(last.failed)
                if last.outcome is not None:
                    return last.outcome
                if time.monotonic() > ends:
                    raise Failed(f"it took more than {LONGEST / 3600:.0f} hours: try a shorter time")
                if self._stopping.is_set():
                    return None
                async with self._database.transaction() as tx:
                    await due.renew(tx, LEASE)
                    await tx.execute(store.queries.move_backtest, due.ref, last.done, last.size)
        raise Failed("nothing was said of what was found")

    async def _leave(self, due: Due) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(store.queries.leave_backtest, due.ref)
            await due.again(tx, due.now)

    async def _finish(self, due: Due, status: str, reason: str, outcome: dict[str, Any] | None = None) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(store.queries.finish_backtest, due.ref, status, reason, outcome)
            await due.settle(tx)
