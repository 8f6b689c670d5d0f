"""`make hostile CASES=10000 SEED=1` sends hostile cases to the compose stack, and after each hundred an outage that must be told.

Prints what became of them, and how soon each service refuses a body above the limit, as a line of JSON. Exit code 1 when
anything was raised and not caught, a service restarted, grew by more than 50 MB, took such a body, or an outage was not told.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx

from tests.compose.entering import entered
from tests.compose.running import KAFKA, PORTS, Running
from tests.e2e.shop import until
from tests.hostile import vitals
from tests.hostile.names import person
from tests.hostile.oversize import refusals
from tests.hostile.records import forged, record, with_headers
from tests.hostile.requests import Request, answered, request
from tests.hostile.texts import text
from tests.hostile.wire import Record, Writer, writing

HUNDRED: Mapping[str, int] = {"record": 40, "headers": 12, "fact": 6, "request": 22, "name": 15, "file": 5}
CUSTOMERS = 13  # of the outage after each hundred; with four failures each past the thresholds of the shipped rule
GROWTH_MB = 50
PROBES = 3  # outages under way at once, while the next hundreds arrive
REQUESTS = 8  # at once


@dataclass
class Run:
    """One run, and what came of it."""

    stack: Running
    writer: Writer
    dice: random.Random
    name: str
    signed_in: Mapping[str, str]  # what a browser sends that is signed in to the console
    cases: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)  # by the broker: its error code
    statuses: Counter[str] = field(default_factory=Counter)
    told: int = 0
    shortfalls: list[str] = field(default_factory=list)

    async def hundred(self) -> None:
        """Sends the next hundred cases but files, which have a process of their own."""
        component = text(self.dice)[:2_000] or "hostile"
        records: list[Record] = [record(self.dice) for _ in range(HUNDRED["record"])]
        records += [with_headers(self.dice) for _ in range(HUNDRED["headers"])]
        records += [forged(self.dice) for _ in range(HUNDRED["fact"])]
        for _ in range(HUNDRED["name"]):
            records += person(self.dice, component)
        requests = [request(self.dice, self.stack.tokens, self.signed_in) for _ in range(HUNDRED["request"])]
        await asyncio.gather(self._write(records), self._ask(requests))
        self.cases.update(HUNDRED)

    async def _write(self, records: list[Record]) -> None:
        for each in records:
            self.refused[await self.writer.send(each)] += 1

    async def _ask(self, requests: list[Request]) -> None:
        at_once = asyncio.Semaphore(REQUESTS)

        async def one(each: Request) -> None:
            async with at_once:
                try:
                    status = await answered(each)
                except TimeoutError:
                    status = "none"
            self.statuses[status] += 1
            if status in ("500", "none"):
                self.shortfalls.append(f"{status} for {each.service} {each.raw[:300]!r}")

        await asyncio.gather(*(one(each) for each in requests))

    async def outage(self, number: int) -> None:
        """Plays an outage like any other: it is found, and its customers are told."""
        async with self.stack.shop(f"{self.name}-{number}", CUSTOMERS) as shop:
            await shop.fail(f"probe-{self.name}-{number}")
            await shop.told("opened", CUSTOMERS, seconds=60)
        self.told += 1


async def run(cases: int, seed: int) -> dict[str, Any]:
    """Returns all cases; what became of them."""
    started, since = time.monotonic(), datetime.now(UTC).isoformat()
    stack, dice = await Running.found(), random.Random(seed)
    async with AsyncExitStack() as open_:
        writer, browser = await open_.enter_async_context(writing(KAFKA, seed)), await entered(stack.urls["console"], "hostile")
        one = Run(stack, writer, dice, f"h{int(time.time()):x}", browser.headers)
        await one.outage(-1)  # warm: memory is counted from here
        before, lived = await vitals.memory(), await vitals.lives()
        async with asyncio.TaskGroup() as both:
            files = both.create_task(_files(seed, cases * HUNDRED["file"] // 100))
            both.create_task(_hundreds(one, cases // 100))
        endings = files.result()
        shop = await open_.enter_async_context(stack.shop(f"{one.name}-end", 1))
        await until(shop.ready, "every service is ready", seconds=60)
        oversize = await refusals(PORTS, stack.tokens["operator"])
    if oversize["not_413"]:
        one.shortfalls.append(f"bodies above the limit are not refused: {oversize}")
    after, raised = await vitals.memory(), await vitals.raised(since)
    grown = {service: round(after[service] - before[service], 1) for service in PORTS}
    uncaught = raised.total() + one.statuses["500"] + sum(count for ending, count in endings.items() if not ending.startswith("exit"))
    restarts = sum(lived[service] != life for service, life in (await vitals.lives()).items())
    fell = bool(uncaught or restarts or one.shortfalls or max(grown.values()) > GROWTH_MB or one.told <= cases // 100)
    return {
        "cases": one.cases.total(),
        **one.cases,
        "told": one.told - 1,
        "uncaught": uncaught,
        "raised": dict(raised),
        "restarts": restarts,
        "grown_mb": grown,
        "answers": dict(sorted(one.statuses.items())),
        "oversize": oversize,
        "written": one.refused[0],
        "refused_by_broker": one.refused.total() - one.refused[0],
        "commands": endings,
        "seconds": round(time.monotonic() - started),
        "fell_short": fell,
        "first": one.shortfalls[:5],
    }


async def _hundreds(one: Run, count: int) -> None:
    """Sends each hundred, and its outage while the next ones arrive; progress goes to standard error."""
    at_once = asyncio.Semaphore(PROBES)

    async def probe(number: int) -> None:
        async with at_once:
            try:
                await one.outage(number)
            except (TimeoutError, httpx.TransportError) as error:
                one.shortfalls.append(f"after {number + 1} hundreds {error}")

    async with asyncio.TaskGroup() as probes:
        for number in range(count):
            await one.hundred()
            async with at_once:  # never more than some hundreds ahead of what was told
                pass
            probes.create_task(probe(number))
            print(f"\r{(number + 1) * 100:,} cases, {one.told - 1} outages told", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


async def _files(seed: int, count: int) -> dict[str, int]:
    """Returns what the command line ended with for so many files: ending → how many."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hostile.files", str(seed), str(count), stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        return {f"ended with {process.returncode}": count}
    endings: dict[str, int] = json.loads(out)
    return endings


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hostile")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    found = asyncio.run(run(said.cases, said.seed))
    print(json.dumps({"hostile": found}))
    return int(found["fell_short"])


if __name__ == "__main__":
    sys.exit(main())
