"""Makes one call of a webhook, and returns what came of it: a POST that ends in time, reads little, and follows no redirect."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpcore2
import httpx2

LARGEST = 64 * 1024  # bytes of an answer that are read
CONNECTING = 2 / 3  # of the time for all: what has not connected by then was certainly not told

# What is raised before a byte of the request is on its way.
UNSENT = (
    *(httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol, httpx2.InvalidURL),
    *(httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout, httpcore2.UnsupportedProtocol),
)
BROKEN = (
    *(httpx2.HTTPError, TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException),
    *(httpcore2.UnsupportedProtocol, httpcore2.ConnectionNotAvailable),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered. `body` is None when it is longer than what is read, or did not end in time."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There was no answer. `sent`: the call may have arrived all the same."""

    why: str  # the class of the error: others' words and addresses stand in no log
    sent: bool


async def post(client: httpx2.AsyncClient, url: str, body: bytes, headers: Mapping[str, str], within: float) -> Answer | NoAnswer:
    """Posts it once. `within`: seconds for the connection, the call and its answer in all.

    A status that came counts, also when the body after it does not end. Raises nothing, unless it is cancelled.
    """
    status: int | None = None
    said: Mapping[str, str] = {}
    headers = {**headers, "accept-encoding": "identity"}
    timeout = httpx2.Timeout(within, connect=within * CONNECTING, pool=within * CONNECTING)
    try:
        async with (
            asyncio.timeout(within),
            client.stream("POST", url, content=body, headers=headers, timeout=timeout, follow_redirects=False) as answer,
        ):
            status, said = answer.status_code, answer.headers
            return Answer(status, said, await _first(answer))
    except UNSENT as error:
        return NoAnswer(type(error).__name__, sent=False)
    except BROKEN as error:
        return NoAnswer(type(error).__name__, sent=True) if status is None else Answer(status, said, None)


async def _first(answer: httpx2.Response) -> bytes | None:
    """Returns what is read of an answer; None when that is not all of it, or it is packed, and so of any size in memory."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        return None
    held = bytearray()
    async for chunk in answer.aiter_bytes():
        held += chunk
        if len(held) > LARGEST:
            return None
    return bytes(held)
