"""Calls a provider over HTTP, once, and says what became of it: the provider's answer, or the outcome of a call that had none.

A call that ended before it was handed over may be made again; one that ended later has an unknown outcome, and may have arrived.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import httpx2

from services.notifier.channels.answer import Answer
from services.notifier.channels.outcome import Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.pacing import Pace

log = logging.getLogger(__name__)

CONNECT = 5.0  # seconds for a place in the pool, and for a connection
WITHIN = 15.0  # seconds for a call with its answer; by then the provider has most likely taken it
PATIENCE = 3.0  # seconds that a message waits in here for its turn; for longer it is put off
AT_ONCE = 64  # connections to one provider
LARGEST = 64 * 1024  # bytes of an answer that are read
BEFORE_IT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)  # nothing was sent


class Poster:
    """Calls one provider over a pool of connections. Redirects are not followed."""

    def __init__(self, pace: Pace, transport: httpx2.AsyncBaseTransport | None = None, within: float = WITHIN) -> None:
        self._pace, self._within = pace, within
        limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        timeout = httpx2.Timeout(within, connect=min(CONNECT, within), pool=min(CONNECT, within))
        headers = {"user-agent": "Forewarn"}
        self._client = httpx2.AsyncClient(transport=transport, limits=limits, timeout=timeout, headers=headers, follow_redirects=False)

    async def call(self, request: httpx2.Request, destination: str, login: httpx2.Auth | None = None) -> Answer | Retry | Failed:
        """Makes the call when it is the destination's turn."""
        ahead, taken = self._pace.take(destination, time.monotonic())
        if not taken:
            return Retry(timedelta(seconds=ahead), Trouble.DEFERRED, "paced")
        await asyncio.sleep(ahead)
        try:
            async with asyncio.timeout(self._within):
                return await self._send(request, login)
        except BEFORE_IT as error:
            return Retry(None, Trouble.UNREACHABLE, type(error).__name__)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            return Failed(Refusal.UNSUPPORTED, "not an address")
        except (httpx2.HTTPError, TimeoutError) as error:
            return Retry(None, Trouble.UNKNOWN, type(error).__name__)

    def request(self, method: str, url: str, **said: object) -> httpx2.Request:
        """Returns a request of this provider's client. Raises httpx2.InvalidURL, or ValueError when it cannot be said in HTTP."""
        return self._client.build_request(method, url, **said)  # type: ignore[arg-type]

    def heed(self, destination: str, outcome: Outcome, wait: timedelta | None = None) -> Outcome:
        """Leaves the destination alone for as long as the outcome asks for, or for `wait`. Returns the outcome."""
        asked = outcome.after if isinstance(outcome, Retry) else wait
        if asked is not None:
            self._pace.hold(destination, time.monotonic() + asked.total_seconds())
        return outcome

    async def _send(self, request: httpx2.Request, login: httpx2.Auth | None) -> Answer:
        answer = await self._client.send(request, stream=True, auth=login)
        try:
            return Answer(
                answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, await _first(answer.aiter_bytes())
            )
        finally:
            await answer.aclose()

    async def run(self) -> None:
        """Runs until cancelled, and closes the connections that are open then."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._client.aclose()


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= LARGEST:
            break
    return bytes(held[:LARGEST])


async def each(messages: Sequence[Rendered], send: Callable[[Rendered], Awaitable[Outcome]]) -> list[Outcome]:
    """Sends messages side by side; returns as many outcomes, in order, whatever happens."""

    async def one(message: Rendered) -> Outcome:
        try:
            return await send(message)
        except Exception as error:
            log.exception("a try to send %s raised; the customer may have it", message.id)
            return Retry(None, Trouble.UNKNOWN, type(error).__name__)

    return list(await asyncio.gather(*map(one, messages)))
