"""`python -m bench.notifier.hook_sink` is the endpoints of many customers: `/ok/…` takes every call at once, `/hang/…` never answers.

It says two ports: of HTTP, and one where whoever connects gets JSON: when the first call came for each path that takes calls (seconds since
the epoch), and how many hang.
"""

import asyncio
import json
import re
import time

from bench.notifier.serving import serve

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
END = b"\r\n\r\n"
_length = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)").search


class Book:
    """When the first call came for each path."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.hanging = 0

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps({"first": self.first, "hanging": self.hanging}).encode())
        await writer.drain()
        writer.close()


class Endpoint(asyncio.Protocol):
    """One connection; calls on it come one after the other."""

    def __init__(self, book: Book) -> None:
        self._book, self._heard = book, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(END)) >= 0:
            head = bytes(self._heard[:end])
            said = _length(head)
            whole = end + len(END) + (int(said[1]) if said else 0)
            if len(self._heard) < whole:
                return
            del self._heard[:whole]
            self._take(head.split(b" ", 2)[1].decode())

    def _take(self, path: str) -> None:
        if path.startswith("/hang/"):
            self._book.hanging += 1
            return
        self._book.first.setdefault(path, time.time())
        self._transport.write(ANSWER)


async def main() -> None:
    book = Book()
    await serve(lambda: Endpoint(book), book.answer)


if __name__ == "__main__":
    asyncio.run(main())
