"""A server that misbehaves on a real connection, and the transport that leads a provider's addresses to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Here(httpx2.AsyncHTTPTransport):
    """Leads every call to a port of this machine, whatever host it names."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        here = httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
        return await super().handle_async_request(here)


@dataclass
class Wire:
    """A server on a free port of this machine."""

    port: int
    calls: int = 0
    asked: list[bytes] = field(default_factory=list)  # what was read of each call

    @property
    def transport(self) -> Here:
        return Here(self.port)


@asynccontextmanager
async def wire(behaviour: Behaviour) -> AsyncIterator[Wire]:
    """Yields a server that reads each call whole, and then behaves as told; the connection ends with it."""
    made = Wire(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.calls += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        made.asked.append(head + await reader.readexactly(length))
        try:
            await behaviour(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server took the call, and says nothing."""


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server took the call, and keeps the connection until the caller ends it."""
    await reader.read()


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The server's answer has no end."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
    try:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    except ConnectionError:
        return


def says(answer: bytes) -> Behaviour:
    """Returns the behaviour of a server that says this."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return behave
