"""The console's read model is made anew from the topics while facts come in; killed in the middle, it is made anew again."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.processes import Child, child, ended_well
from services.console.rebuilding.tables import FILLED, MODEL
from tests.faults.episodes import Added
from tests.faults.site import within
from tests.faults.stack import Stack

COMMAND = ("deploy.local.cli", "console", "rebuild")
DONE_WITHIN = 180.0  # seconds
BEGUN = f"SELECT to_regclass('{FILLED}.run') IS NOT NULL"


async def rebuild(stack: Stack) -> Added:
    """Makes the read model anew. Raises `Failed` when the command does not succeed."""
    async with _rebuilding(stack) as command:
        await ended_well(command, DONE_WITHIN)
    return Added()


async def rebuild_killed_in_the_middle(stack: Stack) -> Added:
    """Kills a rebuild when it has made its tables, and runs another one."""
    async with _rebuilding(stack) as command:
        await within(60, lambda: _has_begun(stack, command), "the rebuild has begun")
        os.killpg(command.process.pid, signal.SIGKILL)
        await command.process.wait()
    return await rebuild(stack)


async def rebuild_differs(stack: Stack) -> list[str]:
    """Returns a sentence for each table that another rebuild makes differently. Everything must be at rest."""
    before = await _tables(stack)
    await rebuild(stack)
    after = await _tables(stack)
    return [
        f"{table}: {len(set(before[table]) ^ set(after[table]))} rows are not those of a rebuild, {_some(before[table], after[table])}"
        for table in MODEL
        if before[table] != after[table]
    ]


def _some(before: list[str], after: list[str]) -> str:
    return f"before {sorted(set(before) - set(after))[:2]}, after {sorted(set(after) - set(before))[:2]}"


async def _tables(stack: Stack) -> dict[str, list[str]]:
    """Returns the rows of every table of the model as text, in an order that is theirs."""
    query = "SELECT t::text AS row FROM console.{table} t ORDER BY t::text"
    return {table: [row["row"] for row in await stack.rows(query.format(table=table))] for table in MODEL}


async def _has_begun(stack: Stack, command: Child) -> bool:
    command.check()
    [[begun]] = await stack.rows(BEGUN)
    return bool(begun)


@asynccontextmanager
async def _rebuilding(stack: Stack) -> AsyncIterator[Child]:
    log = stack.config.parent / "rebuild.log"
    async with child(*COMMAND, environment=stack.members["console"].environment, log=log) as command:
        yield command
