"""An endpoint is an address of a customer's own system, with secrets of its own; its health decides whether it is called. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from shared.webhooks.signing import secret_of

LONGEST_URL = 1000  # characters
OVERLAP = timedelta(hours=24)  # in which the old secret signs beside the new one
FAILURES = 10  # in a row, after which an endpoint is disabled …
FAILING_FOR = timedelta(hours=1)  # … unless they came in a burst: a restart must not cost a customer their webhook


class Disabled(StrEnum):
    """The reasons why an endpoint is not called: a closed list, also a metric's label."""

    GONE = "gone"  # it answered 410
    FAILING = "failing"  # so many calls in a row were not taken


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One registered endpoint."""

    id: str
    customer_id: str
    url: str
    generation: int = 1
    rotated_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    disabled_at: datetime | None = None

    def keys(self, master: str, now: datetime) -> Sequence[bytes]:
        """Returns the keys that sign a call now: the newest first, and for a while the one before it."""
        old = self.generation > 1 and self.rotated_at is not None and now < self.rotated_at + OVERLAP
        return [_key(master, self.id, each) for each in (self.generation, self.generation - 1)[: 2 if old else 1]]

    def secret(self, master: str) -> str:
        """Returns the newest secret, as its receiver is given it."""
        return secret_of(_key(master, self.id, self.generation))


def _key(master: str, endpoint_id: str, generation: int) -> bytes:
    return hmac.digest(master.encode(), f"forewarn.endpoint\n{endpoint_id}\n{generation}".encode(), "sha256")


def disabled_by(endpoint: Endpoint, status: int | None, now: datetime) -> Disabled | None:
    """Returns why the endpoint is called no more after a call that it did not take; `endpoint` is as it was before. None: it is."""
    if status == 410:
        return Disabled.GONE
    since = endpoint.failing_since or now
    return Disabled.FAILING if endpoint.failures + 1 >= FAILURES and now - since >= FAILING_FOR else None


def url_trouble(url: str, *, clear: bool) -> str | None:
    """Returns why no endpoint can have this URL; None when one can. `clear`: http is allowed. Where it leads is checked at each call."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"a URL has at most {LONGEST_URL} characters, all of them printable ASCII without spaces and backslashes"
    try:
        parts = urlsplit(url)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named or parts.scheme not in ("https", "http"):
        return "an endpoint is a URL such as https://example.com/forewarn"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc or parts.fragment:
        return "the URL of an endpoint has no user name, no password and no fragment"
    return None if clear or parts.scheme == "https" else "an endpoint's URL begins with https://"
