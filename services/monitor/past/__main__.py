"""Tries a draft in a process of its own, of the lowest priority, so that monitor's event loop does not notice. It writes nothing.

It ends with its standard input: when monitor ends, however that happens.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from services.monitor.incidents.finding import Beside
from services.monitor.past.order import Order, Said
from services.monitor.past.outcome import without_customers
from services.monitor.past.walking import Moved, Trial, walk_topic
from services.monitor.rules.file import RulesFile
from services.monitor.settings import MonitorSettings
from shared.configuration.files import ConfigError, parse
from shared.connecting.brokers import brokers_of
from shared.failed import Failed
from shared.observing import logs

NICE = 19
MOST = 100_000_000  # events of one backtest
EVERY = 0.5  # seconds between two lines about how far it is


def tried(order: Order, say: Callable[[Said], None]) -> Said:
    """Walks through the past, and returns the last line."""
    try:
        trial = Trial(_rules(order.tried), _rules(order.today), Beside(frozenset(order.named), order.parents))
        outcome = asyncio.run(walk_topic(brokers_of(MonitorSettings()), trial, order.since, lambda size: _moved(size, say)))
    except (Failed, ConfigError, OSError) as error:
        return Said(failed=str(error) or type(error).__name__)
    return Said(outcome=without_customers(outcome))


def _rules(text: str) -> RulesFile:
    return parse(text.encode(), "rules", RulesFile, warn=lambda _: None)


def _moved(size: int | None, say: Callable[[Said], None]) -> Moved:
    said_at = 0.0

    def moved(done: int, events: int) -> None:
        nonlocal said_at
        if events > MOST:
            raise Failed(f"there are more than {MOST:,} events: try a shorter time")
        if time.monotonic() >= said_at + EVERY:
            said_at = time.monotonic()
            say(Said(done=done, size=size))

    return moved


def _say(said: Said) -> None:
    print(said.model_dump_json(exclude_defaults=True), flush=True)  # noqa: T201  what monitor reads


def _end_with_input() -> None:
    os.read(0, 1)  # nothing comes: it returns at the end
    os._exit(1)


def _give_way() -> None:
    """Has this process wait for all others, and go before them when memory is short."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    _give_way()
    logs.configure()
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    Thread(target=_end_with_input, daemon=True).start()
    _say(tried(order, _say))
