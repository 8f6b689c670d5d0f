"""`forewarn report` as a user runs it: the command in a process of its own, and the console on a port."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator

import pytest

from deploy.local.ports import free_port
from services.console.measures.registry import MEASURES, Of, measures_of
from shared.settings import Settings
from tests.flow.console_door import Door, door
from tests.flow.test_streams import serving

INCIDENT = """INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
    VALUES ('i-1', 'r', 'checkout', 'high', 'Checkout fails', 'open', clock(), clock(), 1, clock());
    UPDATE incidents SET affected = 4, told = 3, told_first = 3"""


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Door]:
    async with door(fresh_database) as it:
        await it.run(INCIDENT)
        yield it


async def report(*args: str, token: str = "operator-token") -> tuple[int | None, str, str]:  # noqa: S107
    """Runs the command; returns its exit code and what it prints on standard output and error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.local.cli", "report", *args, "--token", token,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, out.decode(), error.decode()


async def test_it_prints_a_table_of_a_period_and_one_line_of_json(on: Door) -> None:
    async with serving(on.service) as url:
        table, line = await asyncio.gather(report("--url", url), report("--url", url, "--since", "24h", "--json"))
    assert (table[0], table[2]) == (0, "")
    assert table[1].startswith("opened from ")
    assert all(each.title in table[1] for each in measures_of(Of.PERIOD))
    said = json.loads(line[1])
    assert (said["incidents"], said["coverage"]) == (1, 0.75)
    assert {*said} == {"since", "until", *(each.name for each in MEASURES if each in measures_of(Of.PERIOD))}


async def test_it_reports_one_incident(on: Door) -> None:
    async with serving(on.service) as url:
        code, out, _ = await report("--url", url, "--incident", "i-1", "--json")
    assert (code, json.loads(out)["incident_id"], json.loads(out)["coverage"]) == (0, "i-1", 0.75)


async def test_it_says_what_is_wrong_and_fails(on: Door) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    async with serving(on.service) as url:
        answers = await asyncio.gather(
            report("--url", away),
            report("--url", url, token="nobody"),
            report("--url", url, "--incident", "i-9"),
            report("--url", url, "--since", "yesterday"),
        )
    assert [code for code, _, _ in answers] == [1, 1, 1, 1]
    assert [out for _, out, _ in answers] == ["", "", "", ""]
    for words, (_, _, error) in zip(
        (f"{away} does not answer", "does not know this token", "there is no such incident", "since"), answers, strict=True
    ):
        assert words in error, error
        assert "Traceback" not in error
