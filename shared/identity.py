"""Says who acts: the caller that a token names, its role, and the person it may act for.

Pure: `shared/http/callers.py` asks for the token.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    PRODUCER = "producer"  # product systems: send events and requests
    AGENT = "agent"  # support: works on tickets, reads everything
    OPERATOR = "operator"  # operators: may do everything


# Forewarn signs its own acts with the first; a shared token's caller is named like its role. `viewer` and `lead` are kept for later roles.
RESERVED = frozenset({"forewarn", "viewer", "lead", *Role})

_name = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}").fullmatch
_person = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+'@:/|=-]{0,253}").fullmatch  # mail addresses, and what identity providers call people


@dataclass(frozen=True)
class Caller:
    """Identifies who sent a request: the name and role of its token, and the person that a trusted caller acts for."""

    name: str
    role: Role
    acting_for: str | None = None

    @property
    def person(self) -> str:
        """Returns the name that history records: the person who is acted for, or the caller."""
        return self.acting_for or self.name

    def may(self, *roles: Role) -> bool:
        """Returns True when the caller's role is one of these, or operator, which may do everything."""
        return self.role is Role.OPERATOR or self.role in roles


@dataclass(frozen=True)
class Holder:
    """Says what one token stands for: its caller, whether that caller may act for others, and when the token stops working."""

    caller: Caller
    may_act_for_others: bool = False
    ends_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        return self.ends_at is None or now < self.ends_at

    def acting_for(self, person: str) -> Caller:
        """Returns the same caller on behalf of a person; its role stays its own."""
        return replace(self.caller, acting_for=person)


def name_trouble(name: str) -> str | None:
    """Returns why a token cannot have this name; None when it can."""
    if not _name(name):
        return "a name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or a figure"
    return _reserved(name)


def person_trouble(person: str) -> str | None:
    """Returns why nobody can be acted for by this name; None when somebody can."""
    if not _person(person):
        return "a person has 1 to 254 ASCII letters, figures and ._%+'@:/|=-, and begins with a letter or a figure"
    return _reserved(person.lower())


def _reserved(name: str) -> str | None:
    return f"{name} is reserved: Forewarn itself or a role is called so" if name in RESERVED else None
