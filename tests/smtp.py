"""A mail server of the tests' own: a real SMTP listener (aiosmtpd) that refuses, drops or holds what it is told to."""

import asyncio
import email
import email.policy
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum, auto
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Do(Enum):
    """The things a server may do instead of answering."""

    DROP = auto()  # takes the message, and the connection dies before the answer
    HOLD = auto()  # answers when `gate` is opened
    HANG = auto()  # never answers


@dataclass
class PostOffice:
    """The mails that came, and the answers to give: the next answers by recipient; once they are used up, everything is taken."""

    address: tuple[str, int] = ("127.0.0.1", 0)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    at_sender: str = "250 ok"  # how it answers MAIL, as long as that stands
    at_hello: str = ""  # how it answers EHLO; empty: it lets everybody in
    at_recipient: dict[str, list[str | Do]] = field(default_factory=lambda: defaultdict(list))
    at_end: dict[str, list[str | Do]] = field(default_factory=lambda: defaultdict(list))
    pipelining: bool = False  # whether it says that commands may come before the answers to those before them (RFC 2920)
    connections: int = 0
    senders: list[str] = field(default_factory=list)  # who said MAIL, taken or not
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0  # answers that wait for `gate`, all at the same time
    _servers: list[SMTP] = field(default_factory=list, repr=False)

    def to(self, recipient: str) -> list[EmailMessage]:
        return [mail for to, mail in self.mails if to == recipient]

    def kinds(self, recipient: str) -> list[str]:
        return [str(mail["X-Forewarn-Kind"]) for mail in self.to(recipient)]

    async def hang_up(self) -> None:
        """Closes every connection, as servers do with idle ones."""
        for server in self._servers:
            if server.transport is not None:
                server.transport.close()
        await asyncio.sleep(0)

    def serve(self, loop: asyncio.AbstractEventLoop, *, smtputf8: bool, password: str | None, tls: ssl.SSLContext | None = None) -> SMTP:
        self.connections += 1
        secured: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {"auth_require_tls": False}
        login: dict[str, Any] = {"auth_required": True, "authenticator": _knows(password)} if password else {}
        server = SMTP(self, hostname="localhost", enable_SMTPUTF8=smtputf8, loop=loop, **secured, **login)
        self._servers.append(server)
        return server

    # ── what aiosmtpd calls ──────────────────────────────────────────────────────────────────

    async def handle_EHLO(self, _server: SMTP, session: Session, _envelope: Envelope, name: str, answers: list[str]) -> list[str]:
        session.host_name = name
        offered = ["250-PIPELINING"] if self.pipelining else []
        return [self.at_hello] if self.at_hello else [*answers[:1], *offered, *answers[1:]]

    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.senders.append(address)
        if self.at_sender.startswith("250"):
            envelope.mail_from, envelope.mail_options = address, options
        return self.at_sender

    async def handle_RCPT(self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[Any]) -> str:
        answer = await self._next(self.at_recipient[address], server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        (recipient,) = envelope.rcpt_tos
        answers = self.at_end[recipient]
        if not answers or not isinstance(answers[0], str):
            self.mails.append((recipient, mail))
        return await self._next(answers, server)

    async def _next(self, answers: list[str | Do], server: SMTP) -> str:
        match answers.pop(0) if answers else "250 ok":
            case Do.DROP:
                assert isinstance(server.transport, asyncio.Transport)
                server.transport.abort()
            case Do.HOLD:
                self.holding.set()
                self.held += 1
                await self.gate.wait()
                self.held -= 1
            case Do.HANG:
                await asyncio.Event().wait()
            case str(answer):
                return answer
        return "250 ok"


def _knows(password: str) -> Callable[..., AuthResult]:
    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, said: LoginPassword) -> AuthResult:
        good = said.password == password.encode()
        return AuthResult(success=good, handled=good, auth_data=said.login)

    return authenticate


@asynccontextmanager
async def post_office(
    *,
    smtputf8: bool = True,
    password: str | None = None,
    pipelining: bool = False,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[PostOffice]:
    """Yields a mail server on a free port of this machine while the context lasts; with a password it takes mail only from who says it.

    `tls`: it takes nothing before STARTTLS.
    """
    office, loop = PostOffice(pipelining=pipelining), asyncio.get_running_loop()
    server = await loop.create_server(lambda: office.serve(loop, smtputf8=smtputf8, password=password, tls=tls), host, 0)
    office.address = server.sockets[0].getsockname()[:2]
    try:
        yield office
    finally:
        server.close()
        office.gate.set()
        await office.hang_up()
