"""Who acts: the caller that a request's token names, and what its role may do. Pure: how a token is checked is `shared/http/callers.py`."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    PRODUCER = "producer"  # product systems: send events and requests
    AGENT = "agent"  # support: works on tickets, reads everything
    OPERATOR = "operator"  # runs it: may do everything


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request: the name and role of its token, and the person that a trusted caller acts for."""

    name: str
    role: Role
    acting_for: str | None = None

    @property
    def person(self) -> str:
        """Who did it, as history says it."""
        return self.acting_for or self.name

    def may(self, *roles: Role) -> bool:
        """Whether the caller's role is one of these, or operator, which may do everything."""
        return self.role is Role.OPERATOR or self.role in roles
