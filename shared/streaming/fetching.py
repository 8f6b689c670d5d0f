"""Mends how aiokafka fetches, for every consumer of this process; call `install` before one is made.

A fetch that failed rests a moment before the next. A consumer stopped in that moment handed the fetch's cancellation on to whoever
stopped it, who took it for its own and ended: a broker that was away could end the process. Now such a fetch just ends, as one does that
waits for an answer. tests/contract/test_fetching.py pins what this relies on.
"""

import asyncio
from functools import wraps
from typing import Any

from aiokafka.consumer import fetcher

from shared.streaming import unpacking

_fetch = fetcher.Fetcher._proc_fetch_request


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
    fetcher.Fetcher._proc_fetch_request = _fetched
