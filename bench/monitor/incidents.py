"""What an event costs while 10,000 incidents are open, against ten.

The incidents are rows as monitor writes them. Ten are of components that the events are about; the others are of components that say
nothing during the run, as those of a large outage elsewhere.
"""

from pathlib import Path

from bench.events import COMPONENTS
from bench.monitor.process import Ran, run
from bench.monitor.stage import ONE, Stage
from bench.servers import Servers
from shared.postgres import Queries

FEW, MANY = 10, 10_000
queries = Queries(Path(__file__).with_name("incidents.sql"))


async def measure(stage: Stage) -> dict[str, object]:
    """Returns the cost of an event with many open incidents against few."""
    await stage.filled()
    few, many = await _with(stage, FEW), await _with(stage, MANY)
    return {"cost_10k_to_10_incidents": round(many.cpu_us / few.cpu_us, 3)}


async def _with(stage: Stage, incidents: int) -> Ran:
    of = await stage.with_rules(ONE)
    await _open(of, incidents)
    found = await run(of, stage.said.events)
    await _still_open(of, incidents)
    print(f"{incidents:,} open incidents: {found}", flush=True)
    return found


async def _open(of: Servers, incidents: int) -> None:
    connection = await of.connect()
    try:
        await connection.execute(queries.open_incidents, incidents, FEW, COMPONENTS)
    finally:
        await connection.close()


async def _still_open(of: Servers, incidents: int) -> None:
    connection = await of.connect()
    try:
        still = await connection.fetchval(queries.count_open)
    finally:
        await connection.close()
    assert still == incidents, f"{still:,} of {incidents:,} incidents were open at the end"
