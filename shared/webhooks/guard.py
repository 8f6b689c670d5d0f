"""Connects to nothing but what may be reached: a name is resolved, each of its addresses checked, and one of those connected to.

The check is part of connecting, so that a name cannot mean one address when it is checked and another when it is used (DNS rebinding).
TLS still asks for a certificate of the name. No proxy of the environment is used: it would resolve the name anew.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import httpcore2
import httpx2

from shared.webhooks.addresses import Network, may_be_reached

AT_ONCE = 256  # connections open at once, of all destinations together
IDLE = 15.0  # seconds that one stays open for the next call
TRIED = 3  # addresses of one name

# Lookups have threads of their own: a name server that does not answer holds up no other work of the process.
LOOKUPS = ThreadPoolExecutor(32, "lookup")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Forbidden(httpcore2.ConnectError):
    """The name leads to an address that may not be reached."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """Returns the literal addresses of a name, as the machine's resolver prefers them. It reads `127.1` and `2130706433`, too."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(LOOKUPS, look_up)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guarded(httpcore2.AsyncNetworkBackend):
    """Opens connections, after it has checked where to. `own`: networks that may be reached although they are not public."""

    def __init__(
        self, own: Sequence[Network] = (), resolve: Resolve = resolved, inner: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        self._own, self._resolve, self._inner = own, resolve, inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises `Forbidden` when any address of the name may not be reached, and httpcore's errors."""
        addresses = (await self._addresses(host, port, timeout))[:TRIED]
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int, timeout: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("its name is not resolved in time") from None
        except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
            raise httpcore2.ConnectError("its name is not known") from None
        if not addresses:
            raise httpcore2.ConnectError("its name has no address")
        if not all(may_be_reached(address, self._own) for address in addresses):
            raise Forbidden("an address that is not public")
        return addresses


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests of httpx over guarded connections, which are used again for a while. Its errors are those of httpcore."""

    def __init__(self, backend: Guarded) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trusting(),
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=IDLE,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path)
        content = request.stream
        assert isinstance(content, httpx2.AsyncByteStream)  # noqa: S101  an AsyncClient sends no other
        answer = await self._pool.handle_async_request(
            httpcore2.Request(request.method, url, headers=request.headers.raw, content=content, extensions=request.extensions)
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Streamed(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()


@cache
def _trusting() -> ssl.SSLContext:
    """Returns the TLS context of all guarded connections: to read the authorities takes as long as fifty calls."""
    return httpx2.create_ssl_context(trust_env=False)


class _Streamed(httpx2.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


def guarded_client(own: Sequence[Network] = (), resolve: Resolve = resolved) -> httpx2.AsyncClient:
    """Returns a client that connects to nothing but the public internet and networks of one's own, and follows no redirect."""
    return httpx2.AsyncClient(transport=GuardedTransport(Guarded(own, resolve)), follow_redirects=False, trust_env=False)
