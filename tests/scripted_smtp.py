"""A mail server that keeps to a script: what it answers to each command of each mail, and where it drops the connection."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DROP = "drop"  # the connection dies instead of an answer
TAKE_AND_DROP = "take and drop"  # at the end of a mail: it is taken, and nobody hears of it


@dataclass(frozen=True)
class Script:
    """The answers to the commands of one mail, each time it comes."""

    mail: str = "250"
    rcpt: str = "250"
    data: str = "354"
    end: str = "250"


@dataclass
class Scripted:
    """The server: scripts by what stands before the @ of a sender, and the mails it took, by the same."""

    scripts: Mapping[str, Script]
    pipelining: bool
    lets_data_through: bool  # with no recipient: RFC 2920, 3.1 has clients be prepared for it
    port: int = 0
    taken: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    hears_all: bool = False  # it answers RCPT by the script though it refused MAIL
    asked: int = 0  # how often it heard MAIL
    strays: list[bytes] = field(default_factory=list)  # what came for no recipient
    connections: int = 0
    transports: list[asyncio.Transport] = field(default_factory=list, repr=False)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Scripted) -> None:
        self._server, self._heard, self._in_data = server, bytearray(), False
        self._of, self._recipient, self._accepted = "", False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1
        self._server.transports.append(transport)
        transport.write(b"220 scripted.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while not self._transport.is_closing():
            end = b"\r\n.\r\n" if self._in_data else b"\r\n"
            # A mail without a line is the final dot alone.
            lone = self._in_data and self._heard.startswith(b".\r\n")
            at = 0 if lone else self._heard.find(end)
            if at < 0:
                return
            said = bytes(self._heard[:at])
            del self._heard[: 3 if lone else at + len(end)]
            if self._in_data:
                self._end(said)
            else:
                self._command(said)

    def _command(self, said: bytes) -> None:
        script = self._server.scripts.get(self._of, Script())
        match said[:4]:
            case b"EHLO":
                offered = "250-PIPELINING\r\n" if self._server.pipelining else ""
                self._transport.write(f"250-scripted.example\r\n{offered}250 8BITMIME\r\n".encode())
            case b"MAIL" if self._accepted:
                self._answer("503 5.5.1 one at a time")
            case b"MAIL":
                self._server.asked += 1
                self._of = said.partition(b"<")[2].partition(b"@")[0].decode()
                answer = self._server.scripts[self._of].mail
                self._accepted = answer == "250"
                self._answer(answer)
            case b"RCPT" if not (self._accepted or self._server.hears_all):
                self._answer("503 5.5.1 MAIL first")
            case b"RCPT":
                self._recipient = script.rcpt[:2] == "25"
                self._answer(script.rcpt)
            case b"DATA" if not self._recipient and not self._server.lets_data_through:
                self._answer("554 5.5.1 no valid recipients")
            case b"DATA":
                answer = script.data if self._recipient else "354"
                self._in_data = answer == "354"
                self._answer(answer)
            case b"RSET":
                self._accepted = self._recipient = False
                self._answer("250")
            case _:
                self._answer("500 5.5.2 what")

    def _end(self, raw: bytes) -> None:
        to_somebody, script = self._recipient, self._server.scripts.get(self._of, Script())
        self._in_data = self._accepted = self._recipient = False
        if not to_somebody:
            self._server.strays.append(raw)
            self._answer("554 5.5.1 no valid recipients")
            return
        if script.end in ("250", TAKE_AND_DROP):
            self._server.taken[self._of].append(raw)
        self._answer(DROP if script.end == TAKE_AND_DROP else script.end)

    def _answer(self, answer: str) -> None:
        if answer == DROP:
            self._transport.close()  # what was answered before still arrives
            return
        self._transport.write(f"{answer} said\r\n".encode())
        if answer.startswith("421"):
            self._transport.close()


@asynccontextmanager
async def scripted(
    scripts: Mapping[str, Script], *, pipelining: bool, lets_data_through: bool = False, hears_all: bool = False
) -> AsyncIterator[Scripted]:
    """Yields the server on a free port of this machine while the context lasts."""
    server = Scripted(scripts, pipelining, lets_data_through, hears_all=hears_all)
    listening = await asyncio.get_running_loop().create_server(lambda: _Connection(server), "127.0.0.1", 0)
    async with listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        for each in server.transports:
            each.close()
