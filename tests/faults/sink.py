"""An SMTP server counts who got which mail how often, independently of what notifier stored."""

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mail(NamedTuple):
    """One mail that was accepted."""

    to: str
    kind: str
    about: str  # the ticket an answer is on; else the incident
    message_id: str


@dataclass
class Sink:
    """Takes every mail at once, and keeps its sender waiting for the answer: whoever is killed meanwhile cannot know."""

    hold: Callable[[], float] = lambda: 0.0  # seconds
    mails: list[Mail] = field(default_factory=list)
    port: int = 0
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this with a whole mail; what it returns is the answer."""
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        kind, ticket, incident = (str(message.get(f"X-Forewarn-{name}", "")) for name in ("Kind", "Ticket", "Incident"))
        about = ticket if kind in ("answer", "reply") else incident
        self.mails += [Mail(to, kind, about, str(message["Message-ID"])) for to in envelope.rcpt_tos]
        async with self._came:
            self._came.notify_all()
        await asyncio.sleep(self.hold())
        return "250 taken"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for mails until the condition is true."""
        async with self._came:
            await self._came.wait_for(condition)

    def told(self, kind: str) -> set[str]:
        """Returns who got a mail of this kind."""
        return {mail.to for mail in self.mails if mail.kind == kind}

    def heard(self) -> set[str]:
        """Returns who knows of their incident: by the alarm, or because their ticket was answered with it before that."""
        return self.told("opened") | self.told("answer")

    def told_twice(self) -> int:
        """Returns mails that say what another with another Message-ID has said."""
        said = {(mail.to, mail.kind, mail.about, mail.message_id) for mail in self.mails}
        return sum(ids - 1 for ids in Counter(each[:3] for each in said).values())

    def same_id_repeats(self) -> int:
        """Returns mails that came again as they were: only those under way when somebody died may."""
        return len(self.mails) - len(set(self.mails))


@asynccontextmanager
async def sink(hold: Callable[[], float] = lambda: 0.0) -> AsyncIterator[Sink]:
    """Runs a sink on a free port of this machine while the context lasts."""
    taking = Sink(hold)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(taking, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    taking.port = server.sockets[0].getsockname()[1]
    try:
        yield taking
    finally:
        server.close()
