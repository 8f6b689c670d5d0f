"""A proxy that puts a prefix before the console's paths, as a company's reverse proxy does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PREFIX = b"/support/desk"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: int) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        method, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b" ")
        if not rest.startswith(PREFIX):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        ours, theirs = await asyncio.open_connection("127.0.0.1", to)
        async with _closing(theirs):
            first, _, headers = rest.removeprefix(PREFIX).partition(b"\r\n")
            theirs.write(method + b" " + first + b"\r\nConnection: close\r\n" + headers)
            sending = asyncio.create_task(_pump(reader, theirs))
            await _pump(ours, writer)
            sending.cancel()


@asynccontextmanager
async def proxy(port: int, to: int) -> AsyncIterator[None]:
    """Runs a proxy that takes the prefix off each request's path, and ends each connection with its answer.

    Connections that are open at its end are ended, and waited for.
    """
    under_way: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            await _carry(reader, writer, to)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(carry(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
