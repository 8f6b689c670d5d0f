"""How fast one monitor process folds events, exactly once, against the bare loop on the same topic in the same run."""

import asyncio
import re
import sys
import time
from http.client import HTTPConnection

from bench.events import fill, requests
from bench.servers import Servers, service
from shared.events import Topic

CONSUMED = re.compile(rf'^forewarn_consumed_records_total{{topic="{Topic.PRODUCT_EVENTS}"}} (\S+)', re.MULTILINE)


async def measure(of: Servers, count: int) -> tuple[float, float]:
    """(monitor's, the bare loop's) events a second. Raises AssertionError when monitor's account does not add up."""
    print(f"producing {count:,} events to 10 partitions", flush=True)
    await asyncio.to_thread(fill, of.bootstrap, Topic.PRODUCT_EVENTS, requests(count, time.time()))
    before = await _bare(of, count)
    folded = await _monitor(of, count)
    after = await _bare(of, count)
    await check(of, count)
    return folded, (before + after) / 2


async def _bare(of: Servers, count: int) -> float:
    command = [sys.executable, "-m", "bench.bare", of.bootstrap, Topic.PRODUCT_EVENTS, str(count)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    print(f"bare aiokafka and msgspec: {int(said):,} events a second", flush=True)
    return float(said)


async def _monitor(of: Servers, count: int) -> float:
    """From the first events whose effects are committed to the last."""
    async with service(of, "monitor") as (running, port):
        first, first_at, done, done_at = 0.0, 0.0, 0.0, 0.0
        deadline = time.monotonic() + 300
        while done < count:
            running.check()
            assert time.monotonic() < deadline, running.failure(f"folded only {done:,.0f} of {count:,} in 300 s")
            await asyncio.sleep(0.1)
            done, done_at = await asyncio.to_thread(consumed, port), time.perf_counter()
            if done and not first:
                first, first_at = done, done_at
        rate = (done - first) / (done_at - first_at)
        print(f"monitor: {rate:,.0f} events a second, exactly once", flush=True)
        return rate


def consumed(port: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        found = CONSUMED.search(connection.getresponse().read().decode())
        return float(found[1]) if found else 0.0
    except OSError:
        return 0.0
    finally:
        connection.close()


async def check(of: Servers, count: int) -> None:
    connection = await of.connect()
    try:
        account = await connection.fetchrow(
            "SELECT sum(read) AS read, sum(counted) AS counted, sum(duplicate) AS twice FROM monitor.fold_accounts"
        )
    finally:
        await connection.close()
    assert account is not None
    assert (account["read"], account["counted"], account["twice"]) == (count, count, 0), dict(account)
