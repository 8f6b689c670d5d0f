"""Reads what customers were told: one small interface for a story, and MailDev behind it. `smtp.py` has the one without a server."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import urlopen

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from deploy.local.processes import Failed

MOST = 64 << 20  # bytes of an answer


@dataclass(frozen=True)
class Mail:
    """Is one mail as it arrived; kind, incident and ticket are what the notifier wrote into its headers."""

    to: str
    subject: str
    message_id: str
    received_at: datetime
    text: str = ""
    kind: str | None = None  # opened, resolved, answer, reply; None when somebody else sent it
    incident_id: str | None = None
    ticket_id: str | None = None


class Mailbox(Protocol):
    """Gives all mails of all customers, in the order in which they came."""

    async def mails(self) -> Sequence[Mail]:
        """Returns every mail so far. Raises OSError when the mailbox cannot be read."""


def labels(headers: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns what the notifier says about a mail in its headers (names in lower case)."""
    names = {"kind": "x-forewarn-kind", "incident_id": "x-forewarn-incident", "ticket_id": "x-forewarn-ticket"}
    return {field: str(headers[header]) if headers.get(header) else None for field, header in names.items()}


class _Recipient(BaseModel):
    address: str


class _Envelope(BaseModel):
    to: Annotated[list[_Recipient], Field(min_length=1)]


class _Shown(BaseModel):
    """Is a mail as MailDev shows it, as far as it is read here."""

    id: str
    time: datetime
    envelope: _Envelope
    subject: str = ""
    text: str = ""
    headers: dict[str, Any] = {}
    messageId: str = ""


_read = TypeAdapter(list[_Shown]).validate_json


class MailDev:
    """Reads the REST API of MailDev 2 (https://github.com/maildev/maildev/blob/master/docs/rest.md); asks only for what is new."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Failed(f"{url!r} is not the address of a MailDev: it begins with neither http:// nor https://")
        self._url = f"{url.rstrip('/')}/email"
        self._mails: dict[str, Mail] = {}

    async def mails(self) -> Sequence[Mail]:
        """Returns every mail so far, in MailDev's own order."""
        for mail in await asyncio.to_thread(self._fetch, len(self._mails)):
            self._mails.setdefault(mail.id, _from_maildev(mail))
        return list(self._mails.values())

    def _fetch(self, skip: int) -> list[_Shown]:
        try:
            with urlopen(f"{self._url}?skip={skip}", timeout=10) as answer:  # noqa: S310 - the scheme was checked above
                return _read(answer.read(MOST))
        except (ValidationError, HTTPException) as error:
            raise OSError(f"{self._url} does not answer as a MailDev does: {type(error).__name__}") from None


def _from_maildev(mail: _Shown) -> Mail:
    return Mail(
        to=mail.envelope.to[0].address,
        subject=mail.subject,
        message_id=str(mail.headers.get("message-id") or mail.messageId),
        received_at=mail.time,
        text=mail.text,
        **labels(mail.headers),
    )
