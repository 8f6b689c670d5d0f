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
        """Returns whom the trusted header names. From elsewhere than the listed proxies it is counted, and says nothing."""
        said = request.headers.get(self._settings.trusted_header) if self._settings.trusted_header else None
        if said is None:
            return None
        if not trusted(request.client.host if request.client else "", self._proxies):
            metrics.HEADERS_IGNORED.inc()
            return None
        return said

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
        groups = {each.strip() for each in request.headers.get(self._settings.trusted_groups_header, "").split(",")}
        role = highest(self._roles[group] for group in groups & self._roles.keys())
        if role is None or role == known:
            return role
        if known is None:
            await people.add(tx, name, role, by="proxy")
        else:
            await people.change(tx, name, role=role)
        return role


def highest(roles: Iterable[str]) -> str | None:
    """Returns the role that includes the others; None of none."""
    given = set(roles)
    return next((role for role in reversed(Role) if role in given), None)


def _used(request: Request) -> bool:
    """Returns True when a person asks, and not an open page by itself."""
    return BY_ITSELF not in request.headers and request.url.path != STREAM
