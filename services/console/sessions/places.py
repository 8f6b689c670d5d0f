"""Says which addresses count: pages to show after signing in, our own origin, and where a request came from. Pure."""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HOME = "/"
LONGEST = 2000  # characters of a page's address
NO_PAGES = ("/sign-in", "/sign-out", "/enter/", "/live", "/static/", "/unmask", "/mask")


def next_of(said: str | None) -> str:
    """Returns the page to show after signing in: a path of ours, or Now for anything else.

    Browsers read `//host`, `\\\\host` and either with a tab or a line end in it as another host (https://url.spec.whatwg.org).
    """
    if not said or len(said) > LONGEST or not said.startswith("/") or said.startswith("//"):
        return HOME
    if "\\" in said or not said.isprintable() or said.startswith(NO_PAGES):
        return HOME
    return said


def origin_of(url: str) -> str:
    """Returns the origin of an address as a browser's Origin header says it: scheme, host, and port where it is not the scheme's."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def cannot_sign_in(console_url: str) -> str | None:
    """Returns why no browser can sign in at this address; None when one can.

    Over plain http a browser drops Secure cookies and sends no Sec-Fetch-Site, except to its own machine
    (https://w3c.github.io/webappsec-secure-contexts).
    """
    parts = urlsplit(console_url)
    if parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}:
        return None
    return (
        f"nobody can sign in at {console_url}: over plain http browsers drop the session's cookie (__Host-, Secure) and send no"
        " Sec-Fetch-Site, except on localhost; put a proxy with TLS before the console and give its https address"
    )


def cannot_tell_apart(console_url: str, trusted_proxies: str) -> str | None:
    """Returns what is wrong when people come through a proxy that is not named; None otherwise. The console itself speaks no TLS."""
    if urlsplit(console_url).scheme != "https" or trusted_proxies.strip():
        return None
    return (
        "wrong passwords all count for the proxy before the console, so anybody can make everybody wait: write the proxy's address into"
        " FOREWARN_TRUSTED_PROXIES, and have it send X-Forwarded-For"
    )


def networks(said: str) -> tuple[Network, ...]:
    """Reads addresses and CIDR ranges, separated by commas. Raises ValueError."""
    return tuple(ip_network(each.strip(), strict=False) for each in said.split(",") if each.strip())


def trusted(peer: str, proxies: Collection[Network]) -> bool:
    """Returns True when the connection comes from one of these proxies."""
    address = _address(peer)
    return address is not None and any(address in each for each in proxies)


def source_of(peer: str, forwarded_for: str, proxies: Collection[Network]) -> str:
    """Returns the address that a request came from: the peer's, or what the nearest proxy that is trusted says before it.

    Of IPv6 it is the network of 64 bits: whoever has one address there usually has all of them (RFC 6177).
    """
    for each in [peer, *(part.strip() for part in reversed(forwarded_for.split(",")))]:
        address = _address(each)
        if address is None:
            return peer
        if not any(address in proxy for proxy in proxies):
            return str(ip_network((address, 64), strict=False) if address.version == 6 else address)
    return peer


def _address(said: str) -> Address | None:
    """Reads an address, also with a port behind it as some proxies write it; None when it is none."""
    bare = said.partition("]")[0].removeprefix("[") if said.startswith("[") else said.partition(":")[0] if said.count(":") == 1 else said
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def groups_to_roles(said: str) -> Mapping[str, str]:
    """Reads `group=role,group=role`. Raises ValueError."""
    pairs = [each.partition("=") for each in said.split(",") if each.strip()]
    if any(not group.strip() or not role.strip() for group, _, role in pairs):
        raise ValueError("it must read group=role,group=role")
    return {group.strip(): role.strip() for group, _, role in pairs}
