"""`python -m bench.notifier.sink` runs an SMTP server that takes every mail at once and keeps none, only when it came for whom.

It says two ports: of SMTP, and one where whoever connects and sends a line gets JSON: how many mails there were, who got more than one,
and who of those got it with another Message-ID; and, when the line is not empty, when the first came for each recipient that begins with
it (seconds since the epoch).
"""

import asyncio
import json
import re
import time

from bench.notifier.serving import serve

ANSWERS = {
    b"EHLO": b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
END = b"\r\n.\r\n"
_message_id = re.compile(rb"(?i)(?:^|\r\n)Message-ID:\s*(\S+)").search


class Book:
    """When the first mail came for whom, and how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self.first: dict[bytes, float] = {}
        self.repeated: set[bytes] = set()
        self.otherwise: set[bytes] = set()  # of these: with another Message-ID
        self._ids: dict[bytes, int] = {}

    def note(self, recipient: bytes, mail: bytes) -> None:
        found = _message_id(mail)
        id_ = hash(found[1] if found else b"")
        self.count += 1
        if recipient in self.first:
            self.repeated.add(recipient)
            if self._ids[recipient] != id_:
                self.otherwise.add(recipient)
        self.first.setdefault(recipient, time.time())
        self._ids[recipient] = id_

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = (await reader.readline()).strip()
        first = {to.decode(): at for to, at in self.first.items() if to.startswith(wanted)} if wanted else {}
        repeated, otherwise = [sorted(to.decode() for to in each) for each in (self.repeated, self.otherwise)]
        said = {"count": self.count, "recipients": len(self.first), "first": first, "repeated": repeated, "otherwise": otherwise}
        writer.write(json.dumps(said).encode())
        await writer.drain()
        writer.close()


class Sink(asyncio.Protocol):
    """One connection. What comes at once, pipelined commands too, is answered in order."""

    def __init__(self, book: Book) -> None:
        self._book, self._heard, self._in_data, self._recipient = book, bytearray(), False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(END if self._in_data else b"\r\n")) >= 0:
            said = bytes(self._heard[:end])
            del self._heard[: end + (len(END) if self._in_data else 2)]
            if self._in_data:
                self._book.note(self._recipient, said)
            self._answer(b"" if self._in_data else said)

    def _answer(self, said: bytes) -> None:
        command = said[:4].upper()
        if command == b"RCPT":
            self._recipient = said[said.find(b"<") + 1 : said.find(b">")]
        self._in_data = command == b"DATA"
        self._transport.write(ANSWERS.get(command, b"250 2.0.0 ok\r\n"))
        if command == b"QUIT":
            self._transport.close()


async def main() -> None:
    book = Book()
    await serve(lambda: Sink(book), book.answer)


if __name__ == "__main__":
    asyncio.run(main())
