"""Time passed: the measures of each period are counted anew, and the audit log gets a line of acts whose process died."""

import time
from datetime import timedelta

from services.console.live.changes import changed, enter
from services.console.measures.registry import PERIODS
from services.console.store import acts, measures
from shared.postgres import Database
from shared.timers import Due, schedule

MEASURE = "measure_period"  # 24h, 7d, 30d
SWEEP = "sweep_acts"  # one row for all of them
EVERY = timedelta(seconds=30)
SWEEP_EVERY = timedelta(seconds=10)
SHARE = 20  # counting takes a twentieth of the time at most, so a period of a million tickets is counted less often


async def begin(database: Database) -> None:
    """Makes what recurs due, when the process starts."""
    async with database.transaction() as tx:
        now = await tx.fetchval(measures.CLOCK)
        await schedule(tx, MEASURE, dict.fromkeys(PERIODS, now))
        await schedule(tx, SWEEP, {"all": now})


async def measure_period(database: Database, due: Due) -> None:
    """Counts one period and keeps its figures; comes again after half a minute, or later when it took long."""
    begun = time.monotonic()
    async with database.transaction() as tx:
        counted = await measures.of_period(tx, PERIODS[due.ref])
        await measures.keep(tx, due.ref, counted)
        took = timedelta(seconds=time.monotonic() - begun)
        await due.again(tx, counted.at + max(EVERY, SHARE * took))


async def sweep_acts(database: Database, due: Due) -> None:
    """Writes down that nobody knows how an act ended whose process died while it waited for the answer."""
    async with database.transaction() as tx:
        await enter(tx)
        subjects = await acts.sweep(tx)
        if subjects:
            await changed(tx, ["audit", *subjects])
        await due.again(tx, due.now + SWEEP_EVERY)
