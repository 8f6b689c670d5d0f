"""Says who is signed in on a request: by the session's cookie, or by the header of a proxy that is trusted."""

from collections.abc import Iterable

from fastapi import Request

from services.console import metrics
from services.console.sessions.cookies import SESSION, read
from services.console.sessions.places import groups_to_roles, networks, trusted
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from services.console.store import people, sessions
from shared.identity import person_trouble
from shared.postgres import Database, Tx

BY_ITSELF = "forewarn-regions"  # the header of what an open page asks for by itself
STREAM = "/live"


class Recognizer:
    """Recognizes people: one statement a request, and a second one at most once a minute."""

    def __init__(self, settings: ConsoleSettings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._proxies = networks(settings.trusted_proxies)
        self._roles = groups_to_roles(settings.oidc_roles)

    async def __call__(self, request: Request) -> Signed | None:
        """Returns who is signed in; None when nobody is. Raises an error `is_transient` knows while the database is away."""
        if (name := self._named(request)) is not None:
            return await self._of_proxy(request, name)
        digest = read(request, SESSION)
        if digest is None:
            return None
        async with self._database.connection() as tx:
            row = await sessions.find(tx, digest, used=_used(request))
        return Signed(row["person"], Role(row["role"]), digest, row["unmasked_until"]) if row else None

    def _named(self, request: Request) -> str | None:
        """Returns whom the trusted header names; None without it, or when it is empty, which is how a proxy says that nobody is signed in.

        From elsewhere than the listed proxies it is counted, and says nothing. A header that came twice names nobody.
        """
        header = self._settings.trusted_header
        if not header or not any(request.headers.getlist(header)):
            return None
        if not trusted(request.client.host if request.client else "", self._proxies):
            metrics.HEADERS_IGNORED.inc()
            return None
        return _once(request, header)

    async def _of_proxy(self, request: Request, name: str) -> Signed | None:
        if person_trouble(name):
            return None
        digest = sessions.named(name)
        async with self._database.transaction() as tx:
            row = await sessions.find_named(tx, name, digest)
            role = await self._role(tx, request, name, row["role"] if row else None)
        if role is None or (row and row["disabled"]):
            return None
        return Signed(name, Role(role), digest, row["unmasked_until"] if row else None)

    async def _role(self, tx: Tx, request: Request, name: str, known: str | None) -> str | None:
        """Returns the role that the groups of the header give, which is kept; without that header, the role that the person has."""
        if not self._settings.trusted_groups_header:
            return known
        groups = {each.strip() for each in _once(request, self._settings.trusted_groups_header).split(",")}
        role = highest(self._roles[group] for group in groups & self._roles.keys())
        if role is None or role == known:
            return role
        if known is None:
            await people.add(tx, name, role, by="proxy")
        else:
            await people.change(tx, name, role=role)
        return role


def _once(request: Request, header: str) -> str:
    """Returns what a proxy's header says. One that came twice is counted and says nothing: a client may have sent the first of them."""
    said = request.headers.getlist(header)
    if len(said) > 1:
        metrics.HEADERS_IGNORED.inc()
    return said[0] if len(said) == 1 else ""


def highest(roles: Iterable[str]) -> str | None:
    """Returns the role that includes the others; None of none."""
    given = set(roles)
    return next((role for role in reversed(Role) if role in given), None)


def _used(request: Request) -> bool:
    """Returns True when a person asks, and not an open page by itself."""
    return BY_ITSELF not in request.headers and request.url.path != STREAM
