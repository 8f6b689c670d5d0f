"""DNS is asked (dnspython). A name that is not there has no records; a server that gives no answer is something else, and said."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
import dns.reversename

WITHIN = 5.0  # seconds for one question, all tries included
MOST = 50  # records of one answer that are looked at

Address = IPv4Address | IPv6Address


class NoAnswer(Exception):
    """DNS gave no answer: what was asked stands in the message."""


@dataclass
class Names:
    """Asks DNS, each question once."""

    servers: tuple[str, ...] = ()  # `address` or `address:port`; none: those of the system
    within: float = WITHIN
    _known: dict[tuple[str, str], list[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not self.servers)
        if self.servers:
            self._resolver.nameservers = [_server(each) for each in self.servers]
        self._resolver.lifetime = self.within

    async def texts(self, name: str) -> list[str]:
        """Returns the TXT records, the strings of each put together (RFC 7208, 3.3)."""
        return await self._asked(name, "TXT")

    async def addresses(self, name: str) -> list[Address]:
        """Returns the addresses of a host, or the one that `name` is already."""
        try:
            return [ip_address(name.strip("[]"))]
        except ValueError:
            return [ip_address(each) for kind in ("A", "AAAA") for each in await self._asked(name, kind)]

    async def mail_servers(self, name: str) -> list[str]:
        """Returns the hosts that take mail for a domain, the first to try first. `.` alone: it takes none (RFC 7505)."""
        return await self._asked(name, "MX")

    async def names_of(self, address: Address) -> list[str]:
        """Returns what an address is called."""
        return await self._asked(str(dns.reversename.from_address(str(address))), "PTR")

    async def _asked(self, name: str, kind: str) -> list[str]:
        """Raises NoAnswer."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = await self._ask(name, kind)
        return self._known[key]

    async def _ask(self, name: str, kind: str) -> list[str]:
        try:
            answer = await self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise NoAnswer(f"{kind} of {name}: {type(error).__name__}") from None
        records = sorted(answer, key=lambda each: each.preference) if kind == "MX" else list(answer)
        return [_said(kind, each) for each in records[:MOST]]


def _said(kind: str, record: object) -> str:
    match kind:
        case "TXT":
            return b"".join(getattr(record, "strings", ())).decode("utf-8", "replace")
        case "MX":
            return str(getattr(record, "exchange", "")).rstrip(".") or "."
        case _:
            return str(record).rstrip(".")


def _server(said: str) -> dns.nameserver.Do53Nameserver:
    """Raises ValueError for what is no address of a server."""
    host, _, port = said.rpartition(":") if said.count(":") == 1 else (said, "", "")
    return dns.nameserver.Do53Nameserver(str(ip_address(host.strip("[]"))), int(port or 53))
