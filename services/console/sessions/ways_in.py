"""Says what is wrong with the settings by which people come in. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

from services.console.sessions.places import groups_to_roles, networks
from services.console.sessions.roles import Role

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class WaysIn(Protocol):
    """Is what the settings say of the identity provider and of proxies."""

    @property
    def oidc_issuer(self) -> str: ...

    @property
    def oidc_client_id(self) -> str: ...

    @property
    def oidc_roles(self) -> str: ...

    @property
    def trusted_header(self) -> str: ...

    @property
    def trusted_groups_header(self) -> str: ...

    @property
    def trusted_proxies(self) -> str: ...


def troubles(settings: WaysIn) -> Iterator[str]:
    """Yields one sentence for each thing that is wrong."""
    if (roles := _read(groups_to_roles, settings.oidc_roles)) is None or not set(roles.values()) <= set(Role):
        yield f"FOREWARN_OIDC_ROLES must read group=role,group=role, with the roles {', '.join(Role)}"
    if _read(networks, settings.trusted_proxies) is None:
        yield "FOREWARN_TRUSTED_PROXIES must be addresses and CIDR ranges, by commas"
    if settings.oidc_issuer:
        yield from _of_provider(settings)
    if settings.trusted_header and not settings.trusted_proxies.strip():
        yield "FOREWARN_TRUSTED_HEADER needs FOREWARN_TRUSTED_PROXIES: from everybody else the header is ignored"
    if settings.trusted_groups_header and not settings.oidc_roles.strip():
        yield "FOREWARN_TRUSTED_GROUPS_HEADER needs FOREWARN_OIDC_ROLES: without it nobody gets in"


def _of_provider(settings: WaysIn) -> Iterator[str]:
    parts = urlsplit(settings.oidc_issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        yield "FOREWARN_OIDC_ISSUER must be an https address: its keys decide who gets in"
    if not settings.oidc_client_id:
        yield "FOREWARN_OIDC_ISSUER needs FOREWARN_OIDC_CLIENT_ID"
    if not settings.oidc_roles.strip():
        yield "FOREWARN_OIDC_ISSUER needs FOREWARN_OIDC_ROLES: without it nobody gets in"


def _read(read: Callable[[str], Any], said: str) -> Any | None:
    try:
        return read(said)
    except ValueError:
        return None
