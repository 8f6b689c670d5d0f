"""Bounds what one process takes on at once: bodies are read whole before a request is worked on, limited in size, time and number."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.cloudevents import MAX_BYTES
from shared.http.callers import HEALTH, is_public
from shared.http.problems import Problem, declares_body, header, refuse
from shared.metrics import HTTP_REFUSED
from shared.settings import Settings

SMALL = 16 << 10  # bytes of a body that needs no place; the most that a caller without a token may send


class Places:
    """Admits at most so many requests at once (a semaphore without a queue); the next one is refused, since waiting would hold its data."""

    def __init__(self, limit: int, of: str, reason: str) -> None:
        self._limit, self._of, self._reason, self._taken = limit, of, reason, 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a place while the context lasts. Raises a 503 problem with Retry-After when there is none."""
        if self._taken >= self._limit:
            HTTP_REFUSED.labels(self._reason).inc()
            raise Problem(503, f"{self._limit} {self._of} are under way, try again", headers={"Retry-After": "1"})
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class Bodies:
    """Reads a request's body to its end, then hands the request on; a body above 16 KiB holds a place until it is answered.

    400 for a length that is none, 408 when the body does not arrive in time, 413 above 1 MiB (without a token 16 KiB),
    503 with Retry-After when there is no place. Whatever is refused here ends its connection. What comes to one of the `doors`
    (see `Gate`) may be as large, since its signature is over all of it; it has a quarter as many places, and takes none of the others.
    """

    def __init__(self, app: ASGIApp, settings: Settings, *, for_everybody: bool = False, doors: Collection[str] = ()) -> None:
        """Takes as `for_everybody` that no path of the application asks for a token."""
        self._app, self._settings, self._for_everybody, self._doors = app, settings, for_everybody, frozenset(doors)
        self._large = Places(settings.http_bodies, "large bodies", "bodies_full")
        self._unknown = Places(max(1, settings.http_bodies // 4), "large bodies of hooks", "bodies_full")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"] in {"GET", "HEAD"} and not declares_body(scope)):
            await self._app(scope, receive, send)
            return
        with ExitStack() as held:
            try:
                body = await self._whole(scope, receive, held)
            except Problem as problem:
                await refuse(problem, scope, receive, send)
                return
            if body is not None:
                await self._app(scope, _again(body, receive), send)

    async def _whole(self, scope: Scope, receive: Receive, held: ExitStack) -> bytes | None:
        """Returns the body; None when the client has gone. `held` releases its place. Raises the problem to answer otherwise."""
        limit = SMALL if self._for_everybody or is_public(scope["path"]) else MAX_BYTES
        places = self._unknown if scope["path"] in self._doors else self._large
        large = _declared(scope, limit) > SMALL
        if large:
            held.enter_context(places.one())
        try:
            async with asyncio.timeout(self._settings.http_body_seconds):
                return await self._read(receive, limit, held, None if large else places)
        except TimeoutError:
            HTTP_REFUSED.labels("body_slow").inc()
            raise Problem(408, f"a body has {self._settings.http_body_seconds:g} s to arrive") from None

    async def _read(self, receive: Receive, limit: int, held: ExitStack, places: Places | None) -> bytes | None:
        """Reads on; a body that turns out to be large takes one of the `places`, unless it has one."""
        parts: list[bytes] = []
        seen, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            seen, more = seen + len(parts[-1]), message.get("more_body", False)
            if seen > limit:
                raise _too_large(limit)
            if seen > SMALL and places is not None:
                held.enter_context(places.one())
                places = None
        return b"".join(parts)


def _declared(scope: Scope, limit: int) -> int:
    """Returns the length that the headers declare, 0 when they declare none."""
    declared = header(scope, b"content-length").strip() or "0"
    if not (declared.isascii() and declared.isdigit()):
        raise Problem(400, "Content-Length is not a number of bytes")
    if len(declared.lstrip("0")) > len(str(limit)) or int(declared) > limit:
        raise _too_large(limit)
    return int(declared)


def _too_large(limit: int) -> Problem:
    HTTP_REFUSED.labels("body_large").inc()
    return Problem(413, f"a body may have {limit} bytes")


def _again(body: bytes, receive: Receive) -> Receive:
    """Makes a receive function that gives the body in one piece, then what the connection says."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


class Working:
    """Works on so many requests at once, and answers 503 with Retry-After beyond; health checks are always answered, and take no place.

    A stream of events gives its place back when it begins, since it lasts as long as a page is open; who offers it limits how many.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._places = Places(settings.http_requests, "requests", "requests_full")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        with ExitStack() as held:
            try:
                held.enter_context(self._places.one())
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
            await self._app(scope, receive, _letting_go(held, send))


def _letting_go(held: ExitStack, send: Send) -> Send:
    """Makes a send function that releases what is held when a stream of events begins."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and any(
            name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
        ):
            held.close()
        await send(message)

    return sent


AS_HEAD = "forewarn.head"  # in the scope of a request that was HEAD


class Head:
    """Answers HEAD as GET without the body (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET", AS_HEAD: True}, receive, bare)
