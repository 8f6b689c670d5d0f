"""Is the event stream of an open page (server-sent events): it says which keys have changed, and how current the read model is.

Events: `changed` with a list of keys, at most one a second; `anew` when the page has missed too much to be told; `pulse` every 15
seconds. Each carries as its id the latest change that the page knows of by then, with which it comes back (`Last-Event-ID`, or `since`).
Of each, `data` is JSON: `{"keys": […], "at": "12:03:07", "behind": 0.4}`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from services.console.live.hub import Hub
from services.console.live.streams import Stream
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow
from shared.api import Problem
from shared.postgres import is_transient, wait_for_wakeup

PULSE = 15.0  # seconds without an event after which one is sent, so that proxies and the page know that the stream lives
CHECK = 5.0  # seconds after which a stream asks whether its person is still signed in
AT_MOST = 1.0  # second between two events of a stream
MOST_KEYS, LONGEST = 100, 20_000  # of one page, and characters that they may have together
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}

router = APIRouter()


def hub_of(request: Request) -> Hub:
    """Returns the hub of this process."""
    hub: Hub = request.app.state.hub
    return hub


@router.get("/live")
async def live(
    request: Request,
    hub: Annotated[Hub, Depends(hub_of)],
    signed: Annotated[Signed, allow(Role.VIEWER)],
    keys: Annotated[str, Query(min_length=1, max_length=LONGEST)],
    since: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> StreamingResponse:
    """Streams what changes of these keys, which are separated by spaces, from the change that the page last knew of."""
    wanted = frozenset(keys.split())
    if len(wanted) > MOST_KEYS:
        raise Problem(422, f"a page may wait for {MOST_KEYS} keys")
    known = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19 else since
    stream = Stream(wanted, signed.person, signed.session, hub.last if known is None else known)
    if hub.is_full(stream):
        raise Problem(503, "there are as many open pages as there may be, try again", headers={"Retry-After": "10"})
    return StreamingResponse(_told(request, hub, stream), headers=HEADERS, media_type="text/event-stream")


async def _told(request: Request, hub: Hub, stream: Stream) -> AsyncIterator[bytes]:
    """Yields events until the page is closed, its person is signed out or the process ends."""
    now = asyncio.get_running_loop().time
    pulse_at, check_at = now(), now() + CHECK
    with hub.fed(stream):
        yield b"retry: 1000\n\n"
        while not stream.ended.is_set():
            keys = stream.take()
            if keys or keys is None or now() >= pulse_at:
                yield _event(stream, keys, hub.behind.seconds)
                pulse_at = now() + PULSE
                await wait_for_wakeup(stream.ended, AT_MOST, clear=False)
            await wait_for_wakeup(stream.woken, min(pulse_at, check_at) - now())
            if now() >= check_at:
                check_at = now() + CHECK
                if not await _is_signed_in(request):
                    return


def _event(stream: Stream, keys: Sequence[str] | None, behind: float) -> bytes:
    name = "anew" if keys is None else "changed" if keys else "pulse"
    at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  what a page says as "as of"
    data = {"keys": keys or [], "at": at, "behind": round(behind, 1)}
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (stream.last, name.encode(), msgspec.json.encode(data))


async def _is_signed_in(request: Request) -> bool:
    """Asks anew who the request is of. While the database is away nobody is signed out."""
    try:
        return await request.app.state.recognize(request) is not None
    except Exception as error:
        if not is_transient(error):
            raise
        return True
