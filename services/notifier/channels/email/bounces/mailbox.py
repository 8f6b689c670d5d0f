"""The mailbox where bounces arrive is read by IMAP (RFC 9051 and 3501), in a thread, since the library waits.

A mail that was taken is marked as seen, or moved to a folder: the next look does not find it again.
"""

import asyncio
import imaplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from services.notifier.channels.email.bounces.report import READ
from shared.connecting.tls import Files, Renewed

WITHIN = 30.0  # seconds for one answer of the server
Result = TypeVar("Result")
Tls = Literal["none", "starttls", "tls"]


class MailboxError(Exception):
    """The mailbox cannot be read: the message says what failed, without what the server answered, which may hold addresses."""


@dataclass(frozen=True)
class Mailbox:
    """One folder of one mailbox."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done: str = ""  # the folder to move to; empty: it is marked as seen
    tls: Tls = "tls"
    ca: str = ""
    within: float = WITHIN

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["OpenMailbox"]:
        """Yields the folder on a connection of its own. Raises MailboxError."""
        box = OpenMailbox(await _asked("connect", self._connected), self.done)
        try:
            await _asked("log in", lambda: box.client.login(self.username, self.password))
            await _asked(f"open the folder {self.folder}", lambda: _ok(box.client.select(_quoted(self.folder))))
            yield box
        finally:
            with suppress(MailboxError):
                await _asked("log out", lambda: _leave(box.client))

    def _connected(self) -> imaplib.IMAP4:
        if self.tls == "tls":
            return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=self._context(), timeout=self.within)
        client = imaplib.IMAP4(self.host, self.port, timeout=self.within)
        if self.tls == "starttls":
            try:
                client.starttls(self._context())
            except BaseException:
                client.shutdown()
                raise
        return client

    def _context(self) -> ssl.SSLContext:
        return Renewed(Files(self.ca))


@dataclass(frozen=True)
class OpenMailbox:
    """A folder that is open. What each function raises is MailboxError."""

    client: imaplib.IMAP4
    done_folder: str

    async def unread(self) -> list[str]:
        """Returns the UIDs of mails that were not taken, the oldest first."""
        [found] = await _asked("search", lambda: _ok(self.client.uid("SEARCH", "UNSEEN", "UNDELETED")))
        return [uid for uid in (found or b"").decode("ascii", "replace").split() if uid.isdigit()]

    async def fetch(self, uid: str) -> bytes:
        """Returns the beginning of a mail, as much as is read; empty when it is gone."""
        parts = await _asked("fetch", lambda: _ok(self.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{READ}>)")))
        return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")[:READ]

    async def done(self, uid: str) -> None:
        """Takes a mail out of what is unread."""
        await _asked("mark a mail", lambda: _ok(self.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")))
        if self.done_folder:
            await _asked(f"move a mail to {self.done_folder}", lambda: self._move(uid))

    def _move(self, uid: str) -> None:
        """Moves it (RFC 6851), or copies and deletes it where the server cannot."""
        if "MOVE" in self.client.capabilities:
            _ok(self.client.uid("MOVE", uid, _quoted(self.done_folder)))
            return
        _ok(self.client.uid("COPY", uid, _quoted(self.done_folder)))
        _ok(self.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))


async def _asked(what: str, ask: Callable[[], Result]) -> Result:
    try:
        return await asyncio.to_thread(ask)
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise MailboxError(f"could not {what}: {type(error).__name__}") from None


def _leave(client: imaplib.IMAP4) -> None:
    """Logs out. The library closes the connection only when the server agrees."""
    try:
        client.logout()
    except BaseException:
        client.shutdown()
        raise


def _ok(answer: tuple[str, list]) -> list:  # type: ignore[type-arg]
    """Returns the data of an answer. Raises imaplib's error for a refusal, which the library only returns."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(kind)
    return data


def _quoted(folder: str) -> str:
    """Returns the name of a folder as a quoted string (RFC 3501, 4.3)."""
    return '"{}"'.format(folder.replace("\\", "\\\\").replace('"', '\\"'))
