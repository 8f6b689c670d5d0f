"""`forewarn kill-switch`, `approvals` and `correct` as somebody types them, on a notifier that answers."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.processes import ROOT
from shared.settings import Settings
from tests.flow.notifier_consent import CONSOLE, customers, small_stage, told, touch
from tests.flow.notifier_stage import Stage
from tests.flow.test_streams import serving


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        yield it


async def typed(on: Stage, *words: str) -> tuple[int, str]:
    """Returns exit code and everything that `forewarn …` prints; then what follows from it is done."""
    async with serving(on.service) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.local.cli", *words),
            cwd=ROOT,
            env={"FOREWARN_NOTIFIER_URL": url, "FOREWARN_OPERATOR_TOKEN": CONSOLE},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    await on.loop.settle()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_switch_is_turned_on_shown_and_turned_off(on: Stage) -> None:
    assert await typed(on, "kill-switch", "show") == (0, "nothing is stopped\n")
    code, said = await typed(on, "kill-switch", "on", "--rule", "checkout-failing", "--reason", "wrong words")
    assert (code, "rule checkout-failing: off since" in said, said.endswith("by console: wrong words\n")) == (0, True, True)
    await touch(on, "c-1")
    assert await told(on) == set()
    assert (await typed(on, "kill-switch", "show"))[0] == 1
    off = await typed(on, "kill-switch", "off", "--rule", "checkout-failing", "--reason", "mended")
    assert (off, await told(on)) == ((0, "nothing is stopped\n"), {"c-1"})


async def test_an_audience_is_listed_shown_and_approved_as_it_was_seen(on: Stage) -> None:
    await touch(on, *customers(5))
    code, listed = await typed(on, "approvals", "list")
    id_ = listed.split()[0]
    assert (code, "checkout-failing" in listed) == (0, True)
    _, shown = await typed(on, "approvals", "show", id_)
    assert "5 customers would be told" in shown
    assert "Hello Ada," in shown
    seen = shown.split("as seen: ")[1].strip()
    await touch(on, "c-6", chunk=1)
    code, refused = await typed(on, "approvals", "approve", id_, "--seen", seen)
    assert (code, "the words or the audience have changed" in refused, await told(on)) == (1, True, set())
    seen = (await typed(on, "approvals", "show", id_))[1].split("as seen: ")[1].strip()
    assert await typed(on, "approvals", "approve", id_, "--seen", seen, "--first") == (0, f"{id_}: waiting\n")
    assert len(await told(on)) == 2
    assert await typed(on, "approvals", "reject", id_, "--reason", "enough") == (0, f"{id_}: rejected\n")
    assert await typed(on, "approvals", "list") == (0, "nothing waits for approval\n")


async def test_a_correction_is_read_from_a_file(on: Stage, tmp_path: Path) -> None:
    await touch(on, "c-1")
    file = tmp_path / "right.txt"
    file.write_text("We were wrong\n\nNothing was lost.\n")
    code, said = await typed(on, "correct", "i-1", "--file", str(file))
    assert (code, said.startswith("correction "), await told(on, "correction")) == (0, True, {"c-1"})
    file.write_text("Only a subject\n")
    code, said = await typed(on, "correct", "i-1", "--file", str(file))
    assert (code, "words below it" in said) == (2, True)
