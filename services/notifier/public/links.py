"""Unsubscribe links are sealed with a secret: a link ends one kind of mail for one customer, and does nothing else. Pure."""

import base64
import hashlib
import hmac
from typing import NamedTuple


class Right(NamedTuple):
    """The right that a link gives: to stop mails for this purpose to this customer."""

    purpose: str
    customer_id: str


def token_for(right: Right, secret: str) -> str:
    """Returns what names the right in a URL, and proves that we gave it: URL-safe, without padding."""
    said = f"{right.purpose}\n{right.customer_id}".encode()
    return f"{_text(said)}.{_text(_seal(said, secret))}"


def right_of(token: str, secret: str) -> Right | None:
    """Returns the right a token of ours names; None for any other, in the same time however much of it is right."""
    named, _, seal = token.partition(".")
    try:
        said, sealed = _bytes(named), _bytes(seal)
        purpose, _, customer_id = said.decode().partition("\n")
    except ValueError:
        return None
    genuine = hmac.compare_digest(sealed, _seal(said, secret)) and token == f"{_text(said)}.{_text(sealed)}"
    return Right(purpose, customer_id) if genuine else None


def _seal(said: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"forewarn.unsubscribe\n" + said, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
