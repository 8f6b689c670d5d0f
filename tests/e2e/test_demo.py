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
