"""Unsubscribe links are sealed with a secret: a link ends one kind of mail for one customer, and does nothing else. Pure."""

from typing import NamedTuple

from services.notifier.links import said_by, token_of

DOMAIN = b"forewarn.unsubscribe"


class Right(NamedTuple):
    """The right that a link gives: to stop mails for this purpose to this customer."""

    purpose: str
    customer_id: str


def token_for(right: Right, secret: str) -> str:
    """Returns what names the right in a URL, and proves that we gave it: URL-safe, without padding."""
    return token_of(f"{right.purpose}\n{right.customer_id}".encode(), DOMAIN, secret)


def right_of(token: str, secret: str) -> Right | None:
    """Returns the right a token of ours names; None for any other, in the same time however much of it is right."""
    said = said_by(token, DOMAIN, secret)
    if said is None:
        return None
    purpose, _, customer_id = said.decode().partition("\n")
    return Right(purpose, customer_id)
