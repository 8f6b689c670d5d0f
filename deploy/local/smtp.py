"""Runs a mailbox that is an SMTP server of its own: it keeps every mail in memory and as a file to look at. Sends nothing on."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.mailbox import Mail, labels

_odd = re.compile(r"[^\w.@+-]", re.ASCII).sub  # what is no part of a file's name

KEPT = 20_000  # mails in memory; a stack that runs for days drops the oldest


class Inbox:
    """Keeps mails in the order in which they came; one `.eml` file a mail in `folder`, which only this user can read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)  # a folder that existed before, too
        self.folder = folder
        self.address = ("127.0.0.1", 0)
        self._mails: list[Mail] = []
        self._taken = 0

    async def mails(self) -> Sequence[Mail]:
        """Returns every mail so far."""
        return self._mails

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this when a mail is complete; what it returns is the answer to the sender."""
        raw, now = envelope.original_content or b"", datetime.now(UTC)
        message = email.message_from_bytes(raw, policy=email.policy.default)
        self._taken += 1
        about = _odd("_", f"{message.get('X-Forewarn-Kind', 'mail')}-{envelope.rcpt_tos[0]}")[:100]
        await asyncio.to_thread((self.folder / f"{self._taken:05}-{about}.eml").write_bytes, raw)
        self._mails += [_mail(message, recipient, now) for recipient in envelope.rcpt_tos]
        del self._mails[:-KEPT]
        return "250 taken"


@asynccontextmanager
async def inbox(folder: Path) -> AsyncIterator[Inbox]:
    """Runs an inbox that listens on a free port of this machine while the context lasts."""
    box = Inbox(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    box.address = server.sockets[0].getsockname()
    try:
        yield box
    finally:
        server.close()


def _mail(message: EmailMessage, recipient: str, now: datetime) -> Mail:
    body = message.get_body(("plain", "html"))
    return Mail(
        to=recipient,
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        received_at=now,
        text=str(body.get_content()) if body else "",
        **labels({name.lower(): value for name, value in message.items()}),
    )
