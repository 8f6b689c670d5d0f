"""A connection to a server that has let us in: commands go out as bytes, several at once if need be, and answers come in, in their order.

aiosmtplib connects, greets, encrypts and logs in; what it has then is one command and one answer at a time, so this takes its place.
"""

import asyncio
from collections import deque
from typing import cast

from aiosmtplib import SMTP, SMTPReadTimeoutError, SMTPServerDisconnected

from services.notifier.channels.email.answers import NO_ANSWER, Answer

LONGEST = 32_768  # octets of an answer; one is rarely longer than a line


class Wire(asyncio.Protocol):
    """The client's end of a connection. One conversation uses it at a time."""

    def __init__(self, transport: asyncio.Transport, extensions: frozenset[str]) -> None:
        """Takes over the transport. `extensions`: what the server offered in its answer to EHLO, in small letters."""
        self._transport, self.extensions = transport, extensions
        self.mails = 0  # that were given to it
        self._heard, self._lines = bytearray(), list[bytes]()
        self._answers: deque[Answer] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._awaited = 0  # answers that the commands written so far will have
        transport.set_protocol(self)

    @classmethod
    def of(cls, client: SMTP) -> "Wire":
        """Takes over from a client that is connected, has heard EHLO's answer and has logged in. Raises SMTPServerDisconnected."""
        if client.transport is None or client.transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        return cls(cast(asyncio.Transport, client.transport), frozenset(client.esmtp_extensions))

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    @property
    def is_quiet(self) -> bool:
        """Says whether it can be used for a new conversation: it is open, and no answer is to come or has come unasked."""
        return self.is_open and not (self._awaited or self._answers or self._heard or self._lines)

    def write(self, commands: bytes, answers: int) -> None:
        """Sends commands to which so many answers will come. On a lost connection it is the answers that are missed."""
        self._awaited += answers
        if self.is_open:
            self._transport.write(commands)

    async def answer(self, within: float) -> Answer:
        """Returns the next answer. Raises SMTPServerDisconnected, or SMTPReadTimeoutError after so many seconds."""
        if not self._answers:
            await self._something(within)
        self._awaited -= 1
        return self._answers.popleft()

    async def _something(self, within: float) -> None:
        if not self.is_open:
            raise SMTPServerDisconnected("Connection lost")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._waiter
        except TimeoutError:
            raise SMTPReadTimeoutError("Timed out waiting for server response") from None
        finally:
            self._waiter = None
        if not self._answers:
            raise SMTPServerDisconnected("Connection lost")

    def close(self) -> None:
        """Closes it. Where an answer is to come, what was not sent yet is dropped: a server that reads again must not find it."""
        if self._awaited:
            self._transport.abort()
        else:
            self._transport.close()

    # ── what the transport calls ─────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        self._heard += data
        *lines, rest = self._heard.split(b"\n")
        self._heard = rest
        for line in lines:
            self._take(bytes(line))
        if len(self._heard) + sum(map(len, self._lines)) > LONGEST:
            self._answers.append(Answer(NO_ANSWER))
        if len(self._answers) > self._awaited or (self._answers and self._answers[-1].code == NO_ANSWER):
            self.close()  # what came unasked would be read as the answer to what is asked next
        if self._answers:
            self._wake()

    def eof_received(self) -> bool:
        return False  # the transport closes itself

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  what it was, nobody needs to know
        self._wake()

    def _take(self, line: bytes) -> None:
        """Takes a line (RFC 5321, 4.2): the last of an answer has no hyphen after its code. After what is none, nothing can be trusted."""
        code = line[:3]
        if not (code.isdigit() and len(code) == 3):
            self._answers.append(Answer(NO_ANSWER))
            return
        self._lines.append(line[4:].strip(b" \t\r"))
        if line[3:4] != b"-":
            self._answers.append(Answer(int(code), b"\n".join(self._lines).decode("utf-8", "surrogateescape")))
            self._lines.clear()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
