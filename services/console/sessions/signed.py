"""Says who is signed in on a request, for routes: `signed_of` names them, `allow` lets in a role and those above it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Depends, Request

from services.console.sessions.roles import Role
from shared.api import Problem


@dataclass(frozen=True)
class Signed:
    """Is one person who is signed in."""

    person: str  # the name that histories and the audit log record
    role: Role
    session: bytes = b""  # the digest of the session's id
    unmasked_until: datetime | None = None  # a viewer asked to see personal data, which is logged

    def sees_personal(self, now: datetime) -> bool:
        """Returns True when personal data is shown to them as it is."""
        return self.role.may(Role.AGENT) or (self.unmasked_until is not None and now < self.unmasked_until)


def signed_of(request: Request) -> Signed:
    """Returns who is signed in. Raises a 401 problem, which the site answers with the page to sign in."""
    signed: Signed | None = getattr(request.state, "signed", None)
    if signed is None:
        raise Problem(401, "sign in first")
    return signed


def allow(needed: Role) -> Any:
    """Makes a dependency that returns the Signed of who has the role or one above it. Raises a 401 or 403 problem for others."""

    def check(request: Request) -> Signed:
        signed = signed_of(request)
        if not signed.role.may(needed):
            raise Problem(403, f"this needs the role {needed}; yours is {signed.role}")
        return signed

    return Depends(check)
