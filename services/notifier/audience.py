"""A customer as the directory has them, and which of their addresses can be used. Pure."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import idna

from services.notifier.channels.hosts import is_chat
from services.notifier.channels.sms.text import is_number

_forbidden = re.compile(r"[\x00-\x20\x7f-\x9f()<>\[\]:;,\\\"\ud800-\udfff\u2028\u2029]").search
UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})  # Unicode's general categories
CONTACTS = 20  # of a customer that are looked at; older versions kept any number
_label = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?", re.ASCII).fullmatch


Place = tuple[str, str]  # a channel, and an address on it


@dataclass(frozen=True, slots=True)
class Contact:
    """One address on one channel."""

    channel: str
    address: str
    role: str = "owner"
    bad: bool = False  # a provider said that it does not exist

    @property
    def place(self) -> "Place":
        return self.channel, self.address


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the directory, with what decisions and words need of them."""

    id: str
    name: str = ""
    timezone: str = "UTC"
    contacts: tuple[Contact, ...] = ()
    consent: Mapping[str, bool] | None = None  # by purpose, as the product's own systems say it
    locale: str = "en"  # BCP 47
    account: str | None = None  # whose customer they are one of
    attributes: Mapping[str, Any] = field(default_factory=dict)  # what audiences are named by (`shared/audiences.py`)


@dataclass(frozen=True, slots=True)
class Preferences:
    """The customer's choices (consent), made with us; None: as the product's systems say."""

    incident: bool | None = None
    guidance: bool | None = None


def wants(customer: Customer | None, preferences: Preferences, purpose: str) -> bool:
    """Says whether we may speak first about this purpose. The customer's own choice counts before the directory's; silence is yes."""
    own: bool | None = getattr(preferences, purpose)
    if own is not None:
        return own
    return customer is None or (customer.consent or {}).get(purpose, True)


def contact_for(
    customer: Customer,
    channels: Sequence[str] | None = None,
    failed_at: Collection[Place] = (),
    unknown_at: Collection[Place] = (),
) -> Contact | None:
    """Returns where to reach the customer: on the first channel where they can be, the owner's first usable address, else anybody's.

    `channels`: all, when None. `failed_at`: where it failed already. `unknown_at`: where it may have arrived, and so is tried again first.
    """
    looked_at = [each for each in customer.contacts[:CONTACTS] if is_usable(each) and each.place not in failed_at]
    for channel in channels if channels is not None else USABLE:
        usable = [each for each in looked_at if each.channel == channel]
        if usable:
            best = next((each for each in usable if each.role == "owner"), usable[0])
            return next((each for each in looked_at if each.place in unknown_at), best)
    return None


def is_usable(contact: Contact) -> bool:
    """Says whether a message can be sent there."""
    is_right = USABLE.get(contact.channel)
    return is_right is not None and not contact.bad and is_right(contact.address)


def trimmed(address: str) -> str:
    """Returns the address without what cannot be seen at its ends: white space of any kind, zero-width and control characters."""
    start, end = 0, len(address)
    while start < end and unicodedata.category(address[start]) in UNSEEN:
        start += 1
    while start < end and unicodedata.category(address[end - 1]) in UNSEEN:
        end -= 1
    return address[start:end]


@lru_cache(4096)
def is_address(address: str) -> bool:
    """Says whether a mail server could know it: one @, no control or quoting characters, RFC 5321's lengths, a domain of labels."""
    local, at, domain = address.rpartition("@")
    if not at or not local or "@" in local or len(address) > 254 or len(local.encode("utf-8", "replace")) > 64 or _forbidden(address):
        return False
    return len(with_ascii_domain(address).encode()) <= 254 and all(_label(part) for part in to_ascii(domain).split("."))


def with_ascii_domain(address: str) -> str:
    """Returns the address as mail servers take it: its domain as DNS has it."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{to_ascii(domain)}"


def to_ascii(domain: str) -> str:
    """Returns the domain as DNS has it (IDNA 2008 after the mapping of UTS 46, not transitional); empty when it has no such form."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return ""


USABLE: Mapping[str, Callable[[str], bool]] = {  # by channel: whether an address on it can be one
    "email": is_address,
    **dict.fromkeys(("slack", "teams", "discord"), is_chat),
    "webhook": bool,  # what is registered was checked then, and is checked at each call
    "sms": is_number,
}
