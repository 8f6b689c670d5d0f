"""An HTTP server of the tests' own: a real listener that answers, redirects, trickles, floods, hangs or drops, as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto


class Do(Enum):
    """The things a server may do instead of answering."""

    DROP = auto()  # reads the call, and the connection ends without an answer
    HANG = auto()  # reads the call, and never answers
    TRICKLE = auto()  # answers 200, and its body never ends, a byte now and then
    FLOOD = auto()  # answers 200, and its body never ends, as fast as it is read


@dataclass(frozen=True)
class Call:
    """One call that came."""

    path: str
    headers: dict[str, str]  # by their names in small letters
    body: bytes


@dataclass
class Sink:
    """The calls that came, and the answers to give: the next ones first; once they are used up, everything is taken with 204."""

    port: int = 0
    host: str = "127.0.0.1"
    calls: list[Call] = field(default_factory=list)
    answers: list[str | Do] = field(default_factory=list)  # "503 Retry-After: 7": a status, and a header if there is one
    always: str | Do | None = None
    connections: int = 0
    sent: int = 0  # bytes of floods
    ended: int = 0  # connections that the other side has closed

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            self.ended += 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one call; says whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.calls.append(Call(line.split()[1], headers, body))
        match self.answers.pop(0) if self.answers else self.always:
            case Do.DROP:
                return False
            case Do.HANG:
                await reader.read()
                return False
            case Do.TRICKLE | Do.FLOOD as how:
                await self._without_end(reader, writer, how)
                return False
            case answer:
                status, _, header = (answer or "204").partition(" ")
                extra = f"{header}\r\n" if header else ""
                writer.write(f"HTTP/1.1 {status} x\r\n{extra}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return True

    async def _without_end(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, how: Do) -> None:
        """Sends a body until the other side has had enough."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        gone = asyncio.ensure_future(reader.read())
        while not gone.done():
            if how is Do.FLOOD:
                writer.write(bytes(65536))
                self.sent += 65536
                await writer.drain()
            else:
                writer.write(b" ")
            await asyncio.wait({gone}, timeout=0 if how is Do.FLOOD else 0.02)


@asynccontextmanager
async def sink(port: int = 0) -> AsyncIterator[Sink]:
    """Yields a server that listens on 127.0.0.1."""
    it = Sink()
    server = await asyncio.start_server(it.serve, "127.0.0.1", port)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
