"""How fast the read model is built anew from the topics, and that it is the same then, byte for byte."""

import asyncio
import sys
import time
from argparse import Namespace
from hashlib import sha256

import asyncpg

from bench.console.facts import records
from bench.servers import Servers, service, until_ready
from deploy.local.processes import ROOT
from deploy.simulator.play import play, producer
from services.console.rebuilding.tables import MODEL
from shared.connecting.brokers import Brokers

HEARD = "SELECT coalesce(sum(next), 0)::bigint FROM console.offsets"
WITHIN = 1200.0  # seconds that the first reading may take
EVERY = 10.0  # seconds between two lines of progress


async def measure(of: Servers, said: Namespace) -> dict[str, object]:
    """Returns the facts a second of a rebuild. Raises AssertionError when a table is not the same afterwards."""
    await _said(of, said.console_facts)
    async with service(of, "console") as running:
        await until_ready(running)
        await _heard(of, said.console_facts)
    before = await _tables(of)
    took = await _rebuilt(of)
    after = await _tables(of)
    different = [table for table in MODEL if before[table] != after[table]]
    assert not different, f"not the same after the rebuild: {', '.join(different)}"
    rate = said.console_facts / took
    print(f"rebuilt {said.console_facts:,} facts in {took:.0f} s: {rate:,.0f} a second; {len(MODEL)} tables are the same, byte for byte")
    return {"rebuild_facts_per_s": round(rate)}


async def _said(of: Servers, count: int) -> None:
    print(f"publishing {count:,} facts", flush=True)
    async with producer(Brokers(of.bootstrap)) as kafka:
        await play(kafka, records(count, time.time() - count / 1000, 1000))


async def _heard(of: Servers, count: int) -> None:
    connection, started = await of.connect(), time.monotonic()
    said = started
    try:
        while (done := await connection.fetchval(HEARD)) < count:
            now = time.monotonic()
            assert now - started < WITHIN, f"only {done:,} of {count:,} facts were heard in {WITHIN:.0f} s"
            if now - said > EVERY:
                said = now
                print(f"  {now - started:5.0f} s  {done:,} heard", flush=True)
            await asyncio.sleep(0.5)
    finally:
        await connection.close()
    print(f"heard as they came: {count / (time.monotonic() - started):,.0f} facts a second", flush=True)


async def _rebuilt(of: Servers) -> float:
    started = time.perf_counter()
    environment = of.environment("console", 0)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.console.rebuilding", cwd=ROOT, env=environment)
    assert await process.wait() == 0
    return time.perf_counter() - started


async def _tables(of: Servers) -> dict[str, str]:
    """Returns a digest of each table's rows in the order of its primary key."""
    connection = await of.connect()
    try:
        return {table: await _digest(connection, table) for table in MODEL}
    finally:
        await connection.close()


async def _digest(connection: asyncpg.Connection, table: str) -> str:
    keys = await connection.fetchval(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY array_position(indkey::int2[], attnum)) FROM pg_index"
        " JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) WHERE indrelid = $1::regclass AND indisprimary",
        f"console.{table}",
    )
    seen = sha256()

    async def take(piece: bytes) -> None:
        seen.update(piece)

    await connection.copy_from_query(f"SELECT * FROM console.{table} ORDER BY {keys}", output=take, timeout=600)  # noqa: S608
    return seen.hexdigest()
