"""What a provider says of a text it had taken: receipts come unordered and repeated, to the callback that was given with it. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

from services.notifier.channels.outcome import Refusal
from services.notifier.channels.sms.generic import at
from services.notifier.channels.sms.policy import HttpReceipts
from services.notifier.channels.sms.twilio import MEANING

FIELDS = 100  # of a form
PORTS = {"https": 443, "http": 80}
ARRIVED = frozenset({"delivered", "read"})
LATER: Mapping[int, Refusal] = {  # codes that Twilio gives for a text only after it took it
    **dict.fromkeys((30005, 30006), Refusal.ADDRESS),  # no such handset, or a landline
    **dict.fromkeys((30004, 30007), Refusal.REFUSED),  # blocked, filtered by a carrier
}  # 30003 (switched off), 30008 (unknown) and all others may be otherwise next time


class Meaning(StrEnum):
    """What a receipt meant here: a closed list, also a metric's label."""

    RECEIVED = "received"  # the text has arrived
    FAILED = "failed"  # it did not
    STALE = "stale"  # it repeats another, or is about an earlier try
    UNMATCHED = "unmatched"  # it is about nothing that is kept
    FORGED = "forged"  # the provider did not sign it


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a text, for good."""

    refusal: Refusal | None  # None: it arrived
    code: str = ""
    message_id: str = ""  # the provider's own id of it


@dataclass(frozen=True, slots=True)
class Callback:
    """A provider's call. `url`: as it was given to the provider; names of headers are in lower case."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def form(self) -> list[tuple[str, str]]:
        """The body as a form; empty when it is none."""
        try:
            return parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=FIELDS)
        except ValueError:
            return []

    @property
    def said(self) -> object:
        """The body as JSON, or as a form where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return dict(self.form)


class Reader(Protocol):
    """Reads the receipts of one provider."""

    def is_genuine(self, callback: Callback) -> bool:
        """Says whether the provider made this call, as far as it proves that."""

    def read(self, callback: Callback) -> Receipt | None:
        """Returns what became of the text; None while that is open."""


@dataclass(frozen=True, slots=True)
class TwilioReceipts:
    """Twilio's StatusCallback: www.twilio.com/docs/usage/security (signatures), /docs/messaging/guides/track-outbound-message-status."""

    account: str
    token: str  # the account's auth token

    def is_genuine(self, callback: Callback) -> bool:
        """Says whether Twilio signed it: by HMAC-SHA1 over the URL and the parameters in their order. Twilio may say the port, or not."""
        said = callback.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
        parameters = "".join(name + value for name, value in sorted(set(callback.form)))
        return any(hmac.compare_digest(said, self.signature(url + parameters)) for url in _spellings(callback.url))

    def signature(self, said: str) -> bytes:
        return base64.b64encode(hmac.digest(self.token.encode(), said.encode("utf-8", "replace"), hashlib.sha1))

    def read(self, callback: Callback) -> Receipt | None:
        """Returns what became of the text: queued, sending and sent are on the way."""
        said = dict(callback.form)
        status, code, sid = said.get("MessageStatus", ""), said.get("ErrorCode", ""), said.get("MessageSid", "")
        if said.get("AccountSid") != self.account:
            return None
        if status in ARRIVED:
            return Receipt(None, "", _id(sid))
        if status not in ("undelivered", "failed"):
            return None
        number = int(code) if code.isascii() and code.isdecimal() and len(code) <= 6 else 0
        meaning = LATER.get(number) or MEANING.get(number)
        return Receipt(meaning if isinstance(meaning, Refusal) else Refusal.EXPIRED, f"{number}" if number else status, _id(sid))


@dataclass(frozen=True, slots=True)
class HttpReceiptsReader:
    """Any provider's receipts, as notifications.yml describes them. Nobody else knows the callback: it is sealed, one for each text."""

    policy: HttpReceipts

    def is_genuine(self, callback: Callback) -> bool:  # noqa: ARG002
        """Returns True: whoever knows the callback had it from us."""
        return True

    def read(self, callback: Callback) -> Receipt | None:
        policy, value = self.policy, at(callback.said, self.policy.field)
        if value in policy.delivered:
            return Receipt(None)
        final = {
            Refusal.ADDRESS: policy.no_such_number,
            Refusal.OPTED_OUT: policy.opted_out,
            Refusal.REFUSED: policy.refused,
            Refusal.EXPIRED: policy.expired,
        }
        return next((Receipt(refusal, value) for refusal, values in final.items() if value in values), None)


def _id(said: str) -> str:
    return said if said.isascii() and said.isalnum() and len(said) <= 40 else ""


def _spellings(url: str) -> list[str]:
    """Returns the URL with its port and without."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    port = parts.port or PORTS.get(parts.scheme, 443)
    return [url, *(SplitResult(parts.scheme, netloc, *parts[2:]).geturl() for netloc in (host, f"{host}:{port}"))]
