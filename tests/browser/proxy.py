"""A proxy that puts a prefix before the console's paths, as a company's reverse proxy does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PREFIX = b"/support/desk"


@asynccontextmanager
async def proxy(port: int, to: int) -> AsyncIterator[None]:
    """Runs a proxy that takes the prefix off each request's path, and ends each connection with its answer."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while b"\r\n\r\n" in (head := await reader.readuntil(b"\r\n\r\n")):
                method, _, rest = head.partition(b" ")
                if not rest.startswith(PREFIX):
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                ours, theirs = await asyncio.open_connection("127.0.0.1", to)
                first, _, headers = rest.removeprefix(PREFIX).partition(b"\r\n")
                theirs.write(method + b" " + first + b"\r\nConnection: close\r\n" + headers)
                while part := await ours.read(65536):
                    writer.write(part)
                    await writer.drain()
                theirs.close()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
