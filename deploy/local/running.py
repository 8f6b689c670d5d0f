"""Runs a command to its end, whatever ends it: Ctrl-C, SIGTERM and SIGHUP let it clean up, once and without interruption."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from aiokafka.errors import KafkaError

from deploy.local.processes import Failed
from deploy.local.terminal import say
from shared.settings import SettingsError

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXPECTED = (Failed, KafkaError, OSError, SettingsError)  # these errors are reported in a sentence


def run(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Returns the exit code: the command's own, 1 with the reason on standard error when a part failed, 128 + n for signal n."""
    return asyncio.run(_until_stopped(command))


async def until_stopped() -> None:
    """Waits until the command is stopped, which counts as success."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def _until_stopped(command: Callable[[], Coroutine[Any, Any, int]]) -> int:
    task, stopped_by = asyncio.ensure_future(command()), list[signal.Signals]()

    def stop(by: signal.Signals) -> None:
        if not stopped_by:  # a second Ctrl-C would interrupt the cleanup
            task.cancel()
        stopped_by.append(by)

    for each in STOPS:
        asyncio.get_running_loop().add_signal_handler(each, stop, each)
    try:
        return await task
    except asyncio.CancelledError:
        return 128 + stopped_by[0] if stopped_by else 1
    except (*EXPECTED, ExceptionGroup) as error:
        say(*_lines(error), error=True)
        return 1


def _lines(error: Exception) -> list[str]:
    """Returns what went wrong, for people. Raises an unexpected error again: it needs its traceback."""
    if not isinstance(error, ExceptionGroup):
        return list(error.args) if isinstance(error, Failed) else [str(error) or repr(error)]
    expected, unexpected = error.split(EXPECTED)
    if expected is None or unexpected is not None:
        raise error
    return [line for inner in expected.exceptions for line in _lines(inner)]
