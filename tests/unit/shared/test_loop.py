"""A blocked event loop is measured, and the log says by which code."""

import logging
import re
import threading

import pytest
from prometheus_client import REGISTRY

from shared.observing.loop import LoopLag, log

pytestmark = pytest.mark.asyncio


def observed(bucket: str) -> float:
    return REGISTRY.get_sample_value("forewarn_loop_lag_seconds_bucket", {"le": bucket}) or 0.0


class Said(logging.Handler):
    """Keeps the lines of the log and says when there is one; it comes from another thread, while the loop is busy."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.one = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.one.set()


async def test_what_keeps_the_loop_is_seen_as_late_and_named_with_its_place() -> None:
    said, lag = Said(), LoopLag(every=0.01, too_long=0.05)
    log.addHandler(said)
    late = observed("+Inf") - observed("0.025")
    with lag.watched():
        await lag.once()
        assert said.one.wait(10), "nothing was said while the loop got no turn"  # this keeps the loop
        await lag.once()
    log.removeHandler(said)
    assert observed("+Inf") - observed("0.025") == late + 1
    assert re.search(r"no turn for \d\.\d s; it is at .*test_loop\.py:\d+ test_what_keeps_the_loop", said.lines[0])


async def test_a_loop_that_is_free_is_not_late() -> None:
    lag, before = LoopLag(every=0.0), observed("+Inf")
    await lag.once()
    assert observed("+Inf") == before  # the first look has nothing it could be late for
    await lag.once()
    assert observed("+Inf") == before + 1


async def test_the_thread_that_watches_ends_with_what_it_watches() -> None:
    with LoopLag(too_long=0.05).watched():
        assert any(each.name == "loop-watch" for each in threading.enumerate())
    assert not any(each.name == "loop-watch" for each in threading.enumerate())
