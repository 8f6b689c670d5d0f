"""Links that we hand out are sealed with a secret: whoever has one can do what it is for, once or again, and nothing else. Pure."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """What a link under a notification is for."""

    OPENED = "opened"  # the image in a mail: it was shown
    CLICKED = "clicked"  # it leads to where a link in the mail led
    HELPED = "helped"  # it asks whether it helped
    RECEIPT = "receipt"  # a provider says there what became of it


PATHS = {What.OPENED: "o", What.CLICKED: "c", What.HELPED: "h", What.RECEIPT: "r"}  # on the public port


class Use(NamedTuple):
    """What one link is for."""

    what: What
    notification_id: str
    more: str = ""  # clicked: where it leads; receipt: a digest of where the notification was sent


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links and knows them again. `public_url`: where customers reach us, without a slash at its end."""

    public_url: str
    secret: str

    def to(self, use: Use) -> str:
        """Returns the link."""
        said = f"{use.what}\n{use.notification_id}\n{use.more}".encode()
        return f"{self.public_url}/{PATHS[use.what]}/{token_of(said, b'forewarn.use', self.secret)}"

    def use_of(self, token: str, what: What) -> Use | None:
        """Returns what a token of ours is for; None for any other, and for one of another use."""
        said = said_by(token, b"forewarn.use", self.secret)
        if said is None:
            return None
        of, id_, more = said.decode().split("\n", 2)
        return Use(what, id_, more) if of == what else None

    def to_receipt(self, notification_id: str, channel: str, address: str) -> str:
        """Returns where a provider says what became of what it brings to this address."""
        return self.to(Use(What.RECEIPT, notification_id, self._place(notification_id, channel, address)))

    def went_to(self, receipt: Use, channel: str, address: str) -> bool:
        """Says whether a receipt is about this address."""
        return hmac.compare_digest(receipt.more, self._place(receipt.notification_id, channel, address))

    def _place(self, notification_id: str, channel: str, address: str) -> str:
        """Returns what stands for an address: without the secret nobody finds a number by trying all there are."""
        said = f"{notification_id}\n{channel}\n{address}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret.encode(), b"forewarn.place\n" + said, hashlib.sha256)[:12].hex()


def token_of(said: bytes, domain: bytes, secret: str) -> str:
    """Returns what says this in a URL, and proves that we said it: URL-safe, without padding. A token of one domain is none of another."""
    return f"{_text(said)}.{_text(_seal(said, domain, secret))}"


def said_by(token: str, domain: bytes, secret: str) -> bytes | None:
    """Returns what a token of ours says; None for any other, in the same time however much of it is right."""
    named, _, seal = token.partition(".")
    try:
        said, sealed = _bytes(named), _bytes(seal)
    except ValueError:
        return None
    genuine = hmac.compare_digest(sealed, _seal(said, domain, secret)) and token == f"{_text(said)}.{_text(sealed)}"
    return said if genuine else None


def _seal(said: bytes, domain: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), domain + b"\n" + said, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
