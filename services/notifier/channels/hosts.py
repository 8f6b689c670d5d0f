"""Says which addresses of a provider may be called. They come from the product's directory, so each is judged like a stranger's. Pure.

Only https to the provider's own hosts counts, so that no address leads into our own network (SSRF); redirects are not followed either.
"""

from collections.abc import Iterable

import httpx2

LONGEST = 2048  # characters of an address


def plain(address: str) -> httpx2.URL | None:
    """Returns the URL; None when it is none of https, or has a port, a login or a fragment."""
    if len(address) > LONGEST or not address.isascii() or not address.isprintable() or set(address) & set(' \\"<>'):
        return None
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return None
    return url if url.scheme == "https" and url.host and url.port is None and not url.userinfo and not url.fragment else None


def is_chat(address: str) -> bool:
    """Says whether it may be an address of a chat provider: which hosts are, is for the channel to say."""
    return plain(address) is not None


class Hosts:
    """The hosts of one provider: `hooks.slack.com` is that host alone, `*.logic.azure.com` every host below it."""

    def __init__(self, patterns: Iterable[str], path: str = "/") -> None:
        """`path`: how the path of every address begins."""
        known = [each.lower() for each in patterns]
        self._exact = frozenset(each for each in known if not each.startswith("*."))
        self._below = tuple(each[1:] for each in known if each.startswith("*."))
        self._path = path

    def allow(self, address: str) -> bool:
        """Says whether it is an address of the provider: https at the usual port, without a login or a fragment."""
        url = plain(address)
        return url is not None and self._knows(url.host) and url.path.startswith(self._path) and url.path != self._path

    def _knows(self, host: str) -> bool:
        return host in self._exact or host.endswith(self._below)
