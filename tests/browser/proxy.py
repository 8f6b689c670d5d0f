"""A proxy that puts a prefix before the console's paths, as a company's reverse proxy does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

PREFIX = b"/support/desk"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def proxy(port: int, to: int) -> AsyncIterator[None]:
    """Runs a proxy that takes the prefix off each request's path, and ends each connection with its answer."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            method, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b" ")
            if not rest.startswith(PREFIX):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            ours, theirs = await asyncio.open_connection("127.0.0.1", to)
            with closing(theirs):
                first, _, headers = rest.removeprefix(PREFIX).partition(b"\r\n")
                theirs.write(method + b" " + first + b"\r\nConnection: close\r\n" + headers)
                sending = asyncio.create_task(_pump(reader, theirs))
                await _pump(ours, writer)
                sending.cancel()

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
