"""The demo runs as a newcomer runs it: the whole loop on this machine, judged by its own last line, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 90.0


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yields a folder of its own for temporary files, which must be empty afterwards; short, since Unix sockets live in it."""
    folder = Path(f"/tmp/fw{os.getpid()}-{time.monotonic_ns() % 10**6}")  # noqa: S108
    folder.mkdir(mode=0o755)
    yield folder
    left = list(folder.iterdir())
    assert not left, f"the demo left files behind: {left}"
    folder.rmdir()


def demo(temporary: Path, *args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.local.cli", "demo", *args],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def running_from(temporary: Path) -> list[str]:
    """Returns the command lines of all processes that know this folder, by arguments or environment; zombies have neither."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            except (OSError, PermissionError):
                continue  # it ended meanwhile
            if str(temporary).encode() in command + environment:
                found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.mark.slow
def test_the_demo_tells_all_137_and_nobody_else_and_cleans_up(temporary: Path) -> None:
    started = time.monotonic()
    process = demo(temporary, "--once")
    out, err = process.communicate(timeout=LIMIT_S + 30)
    took = time.monotonic() - started
    assert process.returncode == 0, f"{out}\n{err}"
    verdict = json.loads(out.splitlines()[-1])
    assert (verdict["affected"], verdict["told"], verdict["all_clear"]) == (137, 137, 137)
    assert (verdict["told_twice"], verdict["unaffected_told"]) == (0, 0)
    assert verdict["tickets"] == verdict["tickets_linked"] == verdict["tickets_answered"] > 0
    assert verdict["would_have_written"] > verdict["wrote"] > 0
    told = f"{verdict['would_have_written']} of 137 would have written in had nobody told them; {verdict['wrote']} did."
    assert out.splitlines()[-2] == told
    before, _, _ = out.partition("the story begins")
    assert re.search(r"^The console, signed in as demo \(.*\): http://localhost:\d+/enter/\S+$", before, re.MULTILINE)
    assert took < LIMIT_S
    assert not running_from(temporary)


def lines_until_the_verdict(process: "subprocess.Popen[str]") -> list[str]:
    """Returns what a demo that stays up prints; its verdict comes last."""
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("{"):
            return lines
    raise AssertionError("\n".join(["the demo ended without a verdict:", *lines, process.stderr.read()]))


def measured(console: str, token: str) -> dict[str, Any]:
    """Returns the console's measures of the last day, by name."""
    answer = httpx.get(f"{console}/v1/measures", params={"since": "24h"}, headers={"Authorization": f"Bearer {token}"})
    return {each["name"]: each["figure"] for each in answer.raise_for_status().json()["measures"]}


@pytest.mark.slow
def test_the_console_of_a_demo_that_stays_up_measures_what_its_verdict_says(temporary: Path) -> None:
    process = demo(temporary)
    try:
        lines = lines_until_the_verdict(process)
        verdict, said = json.loads(lines[-1]), "\n".join(lines)
        [console], [token] = re.findall(r"^ +console +(\S+)/docs$", said, re.M), re.findall(r"^ +operator token +(\S+)$", said, re.M)
        assert httpx.get(f"{console}/readyz").status_code == 200
        figures = measured(console, token)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert {name: figures[name] for name in ("incidents", "affected", "told", "wrote")} == {
        "incidents": 1,
        **{name: verdict[name] for name in ("affected", "told", "wrote")},
    }
    assert figures["complaint_rate"] == verdict["wrote"] / verdict["affected"]
    # The verdict takes the moment when the mail arrived, the console the moment when it was taken: one customer may fall between.
    assert figures["coverage"] == pytest.approx(verdict["coverage"], abs=1.5 / verdict["affected"])
    # Both begin when a customer is told. The verdict ends when their patience would have: so much for everybody who was told.
    assert 0 <= (figures["lead_time_p50"] or 0) <= 60
    assert verdict["lead_time_median_s"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing(temporary: Path, by: signal.Signals) -> None:
    process = demo(temporary)
    assert process.stdout is not None
    for line in process.stdout:
        if "starting monitor" in line:
            break
    process.send_signal(by)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + by, f"{out}\n{err}"
    assert not running_from(temporary)
