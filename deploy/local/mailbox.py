"""Where a story reads what customers were told: one small interface, and MailDev behind it. `smtp.py` has the one without a server."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import urlopen


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived; kind, incident and ticket are what the notifier wrote into its headers."""

    to: str
    subject: str
    message_id: str
    received_at: datetime
    text: str = ""
    kind: str | None = None  # opened, resolved, answer, reply; None when somebody else sent it
    incident_id: str | None = None
    ticket_id: str | None = None


class Mailbox(Protocol):
    """All mails of all customers, in the order in which they came."""

    async def mails(self) -> Sequence[Mail]:
        """Every mail so far. Raises OSError when the mailbox cannot be read."""


def labels(headers: Mapping[str, Any]) -> dict[str, str | None]:
    """What the notifier says about a mail in its headers (names in lower case)."""
    names = {"kind": "x-forewarn-kind", "incident_id": "x-forewarn-incident", "ticket_id": "x-forewarn-ticket"}
    return {field: str(headers[header]) if headers.get(header) else None for field, header in names.items()}


class MailDev:
    """Reads the REST API of MailDev 2 (https://github.com/maildev/maildev/blob/master/docs/rest.md); asks only for what is new."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not the address of a MailDev: it begins with neither http:// nor https://")
        self._url = f"{url.rstrip('/')}/email"
        self._mails: dict[str, Mail] = {}

    async def mails(self) -> Sequence[Mail]:
        """Every mail so far, MailDev's own order."""
        for mail in await asyncio.to_thread(self._fetch, len(self._mails)):
            self._mails.setdefault(mail["id"], _from_maildev(mail))
        return list(self._mails.values())

    def _fetch(self, skip: int) -> list[dict[str, Any]]:
        with urlopen(f"{self._url}?skip={skip}", timeout=10) as answer:  # noqa: S310 - the scheme was checked above
            found: list[dict[str, Any]] = json.load(answer)
        return found


def _from_maildev(mail: dict[str, Any]) -> Mail:
    headers = mail.get("headers", {})
    return Mail(
        to=mail["envelope"]["to"][0]["address"],
        subject=mail.get("subject", ""),
        message_id=str(headers.get("message-id") or mail.get("messageId", "")),
        received_at=datetime.fromisoformat(mail["time"]),
        text=mail.get("text", ""),
        **labels(headers),
    )
