"""An operator's day is played by docs/operations.md alone: `python -m tests.compose.day` prints a line of JSON.

What is committed is cloned, and every command is one of that page, run by a shell that finds no Python. The operator installs it, has
rules of their own, upgrades, lets two agents in and one out, erases a customer, looks at dead letters, scales, and restores the
backup in another clone with volumes of its own. Products, agents and customers are played by this script.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import chdir
from pathlib import Path

from tests.compose.day.agents import one_rotated_one_revoked, one_sees_the_console, two_named_agents
from tests.compose.day.forgetting import forgets_a_customer, looks_in, nothing_is_left, redrives
from tests.compose.day.growing import ELSEWHERE, backs_up, elsewhere, two_of_each
from tests.compose.day.handbook import Handbook, of_the_day, without_python, written
from tests.compose.day.today import Day, Found
from tests.compose.day.upgrading import install, newer_version, own_rule_counts, rules_of_their_own
from tests.compose.day.upstream import Upstream
from tests.compose.running import Running, compose

HERE = "forewarn-day"
PLAYED_BY_CI = {"docker compose --profile demo run --rm demo"}

STEPS: tuple[Callable[[Day], Awaitable[Found]], ...] = (
    newer_version,
    own_rule_counts,
    two_named_agents,
    one_sees_the_console,
    looks_in,
    forgets_a_customer,
    redrives,
    one_rotated_one_revoked,
    nothing_is_left,
    two_of_each,
    backs_up,
)


async def here(operator: Handbook, upstream: Upstream, folder: Path, found: Found) -> Found:
    """Plays the day in the first clone, up to the end of its stack. Returns what the second has to go on with."""
    os.environ["COMPOSE_PROJECT_NAME"] = HERE
    with chdir(await upstream.cloned(operator, "here")):
        await install(operator)
        await rules_of_their_own(operator)
        assert "`FOREWARN_MONITOR_REPLICAS`" in written(Path("docs/configuration.md"))
        stack = await Running.found()
        async with stack.shop("c", customers=5) as shop:
            day = Day(folder, upstream, shop, operator, stack)
            for step in STEPS:
                started = time.monotonic()
                found |= await step(day)
                found["seconds_of"][step.__name__] = round(time.monotonic() - started)
        unproven = {*of_the_day()} - operator.done - PLAYED_BY_CI
        assert not unproven, f"commands of the day that nobody ran: {unproven}"
        return day.before


async def gone(folder: Path, name: str, project: str) -> None:
    """Removes the stack of a clone, with its volumes."""
    os.environ["COMPOSE_PROJECT_NAME"] = project
    if (folder / name).is_dir():
        with chdir(folder / name):
            print(await compose("logs", "--no-color", "--tail", "30"), file=sys.stderr)
            await compose("--profile", "*", "down", "--volumes", "--timeout", "5")


async def lived(folder: Path, found: Found) -> None:
    """Plays both machines, one after the other; what was started is gone at the end of each."""
    operator, upstream = Handbook(), await Upstream.made(folder)
    try:
        before = await here(operator, upstream, folder, found)
    finally:
        await gone(folder, "here", HERE)
    try:
        started = time.monotonic()
        found["elsewhere"] = await elsewhere(operator, upstream, folder, before)
        found["seconds_of"]["elsewhere"] = round(time.monotonic() - started)
    finally:
        await gone(folder, "elsewhere", ELSEWHERE)
    found["commands"] = len(operator.done)


async def main() -> int:
    """Prints what was found. Returns the exit code."""
    started, found = time.monotonic(), Found(seconds_of={})
    with tempfile.TemporaryDirectory(prefix="forewarn-day-") as made:
        folder = Path(made)
        (folder / "bin").mkdir()
        try:
            with without_python(folder / "bin"):
                await lived(folder, found)
        except (TimeoutError, RuntimeError, AssertionError, OSError) as error:
            found["fell_short"] = str(error)
    print(json.dumps({**found, "seconds": round(time.monotonic() - started)}), flush=True)
    return int("fell_short" in found)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
