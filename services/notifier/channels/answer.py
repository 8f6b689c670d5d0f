"""What a provider answers to an HTTP call, and what a refusal means by its status alone. Pure."""

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from services.notifier.channels.outcome import Failed, Refusal, Retry, Trouble

LONGEST_WAIT = 24 * 3600.0  # seconds; a provider that asks for more is asked again then
_code = re.compile(r"[a-z0-9_]{1,64}").fullmatch
_seconds = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. `body` is its beginning, at most 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @property
    def json(self) -> object:
        """The body as JSON; None when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    @property
    def code(self) -> str:
        """The body where it is one word, as Slack says its errors; else empty, so that nothing else of it gets into the ledger."""
        said = self.body[:65].decode("ascii", "replace").strip()
        return said if _code(said) else ""


def asked_for(answer: Answer) -> timedelta | None:
    """Returns for how long a provider that refuses asks to be left alone (RFC 9110, 10.2.3: seconds or a date); None: it does not say."""
    said = answer.headers.get("retry-after", "").strip()
    if answer.status < 400 or not said:
        return None
    if _seconds(said):
        return timedelta(seconds=min(float(said), LONGEST_WAIT))
    try:
        until, at = (email.utils.parsedate_to_datetime(each) for each in (said, answer.headers.get("date", "")))
        return min(max(until - at, timedelta()), timedelta(seconds=LONGEST_WAIT))
    except (ValueError, TypeError):
        return None


def judged(answer: Answer, detail: str) -> Retry | Failed:
    """Returns what a refusal means whose words tell nothing more: by its status alone.

    A gateway in front of the provider, or the provider itself, may have failed with 5xx after it took the message.
    """
    match answer.status:
        case 408 | 425 | 429 | 503:
            return Retry(asked_for(answer), Trouble.DEFERRED, detail)
        case status if status >= 500:
            return Retry(asked_for(answer), Trouble.UNKNOWN, detail)
        case 400 | 413 | 422:
            return Retry(None, Trouble.MALFORMED, detail)
    return Failed(Refusal.REFUSED, detail)
