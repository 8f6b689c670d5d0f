"""Mends how aiokafka fetches, for every consumer of this process; call `install` before one is made.

A fetch that failed rests a moment before the next. A consumer stopped in that moment handed the fetch's cancellation on to whoever
stopped it, who took it for its own and ended: a broker that was away could end the process. Now such a fetch just ends, as one does that
waits for an answer.

A broker is asked for all partitions that have nothing left to take, and may keep the question until records come. While it does, it is
asked nothing else: a partition whose records are taken meanwhile waits for the end of that, up to half a second. aiokafka asks so once the
records of another partition have lain there for 0.1 s, which they do whenever a batch takes longer. Notifier took one full partition beside
three empty ones at 18,000 notifications a second, and takes it at 22,000 since records may lie there for longer than a question is kept.

tests/contract/test_fetching.py pins what this relies on.
"""

import asyncio
from functools import wraps
from typing import Any

from aiokafka.consumer import fetcher

from shared.streaming import unpacking

KEPT_MS = 500  # how long a broker may keep a fetch, unless a consumer says otherwise
LYING = 2  # times as long may records lie there before the rest of their broker's partitions is asked for

_make, _fetch = fetcher.Fetcher.__init__, fetcher.Fetcher._proc_fetch_request


@wraps(_make)
def _made(self: fetcher.Fetcher, *args: Any, fetch_max_wait_ms: int = KEPT_MS, **how: Any) -> None:
    _make(self, *args, fetch_max_wait_ms=fetch_max_wait_ms, prefetch_backoff=LYING * fetch_max_wait_ms / 1000, **how)


@wraps(_fetch)
async def _fetched(self: fetcher.Fetcher, assignment: Any, node_id: int, request: Any) -> bool:
    """Fetches as aiokafka does; says whether records came. A cancelled fetch brings none."""
    try:
        brought: bool = await _fetch(self, assignment, node_id, request)
    except asyncio.CancelledError:
        return False
    return brought


def install() -> None:
    """Makes every aiokafka consumer of this process fetch so, and unpack as `unpacking` describes."""
    unpacking.install()
    fetcher.Fetcher.__init__, fetcher.Fetcher._proc_fetch_request = _made, _fetched
