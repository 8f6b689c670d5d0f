"""Runs child processes that never outlive this one: each in a process group of its own, with a log, and ended when its context ends."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from shared import failed

ROOT = Path(__file__).parent.parent.parent
STOP_S = 10.0  # after SIGTERM, before SIGKILL
SHOWN = 40  # lines of a log that go into an error


Failed = failed.Failed


@dataclass(frozen=True)
class Child:
    """Is a running `python -m module`, and where its output goes."""

    module: str
    process: Process
    log: Path

    def failure(self, sentence: str) -> Failed:
        """Returns what to raise about it: the sentence and the end of its log."""
        return Failed(f"{self.module} {sentence}; its log ends:", *self.last_lines())

    def last_lines(self) -> list[str]:
        """Returns the end of its log, indented."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [f"  | {line}" for line in lines[-SHOWN:] or ["(it said nothing)"]]

    def check(self) -> None:
        """Raises `Failed` when it has ended."""
        if self.process.returncode is not None:
            raise self.failure(f"ended with code {self.process.returncode}")


@asynccontextmanager
async def child(module: str, *args: str, environment: Mapping[str, str], log: Path) -> AsyncIterator[Child]:
    """Runs `python -m module args` while the context lasts; then it is asked to stop, and killed when it does not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    command = (sys.executable, "-m", module, *args)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1", **environment},
            stdin=PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process, which ends the others in order
        )
    try:
        yield Child(module, process, log)
    finally:
        await stop(process)


async def stop(process: Process) -> None:
    """Ends a process and all it started, whatever state they are in."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # also what is left of its group
    await process.wait()
    if process.stdin is not None:
        process.stdin.close()


async def announced(of: Child, what: str, within_s: float) -> str:
    """Returns what follows the words `what` in its log. Raises `Failed` when it ends without them, or when time runs out."""
    deadline = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < deadline:
        for line in of.log.read_text(errors="replace").splitlines():
            if line.startswith(what):
                return line.removeprefix(what)
        of.check()
        await asyncio.sleep(0.02)
    raise of.failure(f"did not say {what!r} within {within_s:.0f} s")


async def ended_well(of: Child, within_s: float) -> None:
    """Waits for its end. Raises `Failed` unless it ended with code 0 in time."""
    try:
        code = await asyncio.wait_for(of.process.wait(), within_s)
    except TimeoutError:
        raise of.failure(f"did not end within {within_s:.0f} s") from None
    if code != 0:
        raise of.failure(f"ended with code {code}")


async def ready(of: Child, port: int, within_s: float) -> None:
    """Waits until its /readyz says 200. Raises `Failed` when it ends before that, or when time runs out."""
    said, deadline = "nothing", asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < deadline:
        of.check()
        status, said = await asyncio.to_thread(_ask, port)
        if status == 200:
            return
        await asyncio.sleep(0.1)
    raise of.failure(f"was not ready within {within_s:.0f} s (it says: {said})")


def _ask(port: int) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read(2_000).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()
