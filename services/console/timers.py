"""Time passed: the measures of each period are counted anew, for whoever shows them."""

import time
from datetime import timedelta

from services.console.measures.registry import PERIODS
from services.console.store import measures
from shared.postgres import Database
from shared.timers import Due, schedule

MEASURE = "measure_period"  # 24h, 7d, 30d
EVERY = timedelta(seconds=30)
SHARE = 20  # counting takes a twentieth of the time at most, so a period of a million tickets is counted less often


async def begin_measuring(database: Database) -> None:
    """Makes each period due, when the process starts."""
    async with database.transaction() as tx:
        now = await tx.fetchval(measures.CLOCK)
        await schedule(tx, MEASURE, dict.fromkeys(PERIODS, now))


async def measure_period(database: Database, due: Due) -> None:
    """Counts one period and keeps its figures; comes again after half a minute, or later when it took long."""
    begun = time.monotonic()
    async with database.transaction() as tx:
        counted = await measures.of_period(tx, PERIODS[due.ref])
        await measures.keep(tx, due.ref, counted)
        took = timedelta(seconds=time.monotonic() - begun)
        await due.again(tx, counted.at + max(EVERY, SHARE * took))
