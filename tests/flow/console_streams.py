"""What tests of event streams do: they note changes as a handler does, and wait for what a stream is told."""

import asyncio

from services.console.live.changes import changed, enter
from services.console.live.streams import Stream
from tests.flow.console_screen import Screen

WITHIN = 20  # seconds that a stream has to hear of a change, also on a busy machine


async def note(on: Screen, *keys: str) -> None:
    """Notes that these have changed."""
    async with on.database.transaction() as tx:
        await enter(tx)
        await changed(tx, keys)


async def told(stream: Stream) -> list[str] | None:
    """Returns what the stream is told next. Raises TimeoutError when it hears nothing."""
    await asyncio.wait_for(stream.woken.wait(), WITHIN)
    stream.woken.clear()
    return stream.take()
