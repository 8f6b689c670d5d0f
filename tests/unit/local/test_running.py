"""A command ends well or is stopped: it cleans up either way, a second Ctrl-C does not disturb that, and the exit code says which."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from deploy.local.processes import Failed
from deploy.local.running import run

CLEANS_UP = textwrap.dedent("""
    import asyncio
    from deploy.local.running import run, until_stopped

    async def command():
        try:
            print("working", flush=True)
            await WAIT
        finally:
            print("cleaning", flush=True)
            await asyncio.sleep(0.3)
            print("clean", flush=True)
        return 0

    raise SystemExit(run(command))
""")


def stopped(script: str, *signals: signal.Signals) -> tuple[int, list[str]]:
    """Runs a script, sends the first signal when it works and the others when it cleans; returns its exit code and what it printed."""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line == "working\n":
                process.send_signal(signals[0])
            elif line == "cleaning\n":
                for each in signals[1:]:
                    process.send_signal(each)
    return process.returncode, lines


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_stopped_cleans_up_and_says_by_what(by: signal.Signals) -> None:
    script = CLEANS_UP.replace("WAIT", "asyncio.sleep(600)")
    assert stopped(script, by) == (128 + by, ["working", "cleaning", "clean"])


def test_a_second_ctrl_c_does_not_tear_the_cleaning_up() -> None:
    script = CLEANS_UP.replace("WAIT", "asyncio.sleep(600)")
    assert stopped(script, signal.SIGINT, signal.SIGINT, signal.SIGTERM) == (130, ["working", "cleaning", "clean"])


def test_what_stays_up_until_it_is_stopped_ends_well_when_it_is() -> None:
    script = CLEANS_UP.replace("WAIT", "until_stopped()")
    assert stopped(script, signal.SIGINT) == (0, ["working", "cleaning", "clean"])


def test_the_commands_own_exit_code_is_kept() -> None:
    async def command() -> int:
        return 3

    assert run(command) == 3


def failing(error: Exception) -> Callable[[], Coroutine[Any, Any, int]]:
    async def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    "error",
    [Failed("monitor ended"), OSError("monitor ended"), ExceptionGroup("several", [ExceptionGroup("inner", [Failed("monitor ended")])])],
)
def test_a_part_that_failed_is_told_in_a_sentence(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(error)) == 1
    assert capsys.readouterr().err == "monitor ended\n"


def test_what_nobody_expected_keeps_its_traceback() -> None:
    with pytest.raises(ExceptionGroup):
        run(failing(ExceptionGroup("several", [Failed("monitor ended"), KeyError("a bug")])))
