"""SPF (RFC 7208): whether a domain lets an address send mail in its name. Macros, `ptr` and `exists` are not followed, and said."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network

from deploy.local.mail.names import Address, Names

LOOKUPS = 10  # of DNS that one check may need (RFC 7208, 4.6.4)
HOSTS = 10  # of an `mx` that are looked at


class Result(StrEnum):
    PASS = "pass"  # noqa: S105  a result of RFC 7208, 2.6
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"  # there is no record
    PERMERROR = "permerror"  # the record is wrong: receivers ignore it, or refuse


QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


class Wrong(Exception):
    """The record cannot be used: the message says why."""


def records(texts: list[str]) -> list[str]:
    """Returns which of a domain's texts are SPF records."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


@dataclass
class Check:
    """One check of one address."""

    names: Names
    address: Address
    lookups: int = 0
    unknown: list[str] = field(default_factory=list)  # terms that were not followed

    async def result(self, domain: str) -> Result:
        """Returns what the domain says of the address. Raises Wrong for a record that receivers refuse, and NoAnswer."""
        found = records(await self.names.texts(domain))
        if len(found) > 1:
            raise Wrong(f"{domain} has {len(found)} records that begin with v=spf1, and may have one")
        if not found:
            return Result.NONE
        terms = found[0].split()[1:]
        for term in terms:
            if (qualifier := await self._match(term, domain)) is not None:
                return QUALIFIERS[qualifier]
        return await self._redirected(terms)

    async def _redirected(self, terms: list[str]) -> Result:
        other = next((term.partition("=")[2] for term in terms if term.lower().startswith("redirect=")), "")
        if not other:
            return Result.NEUTRAL
        self._look_up(other)
        result = await self.result(other)
        if result is Result.NONE:
            raise Wrong(f"redirect={other} leads to no record")
        return result

    async def _match(self, term: str, domain: str) -> str | None:
        """Returns the qualifier of a mechanism that matches; None for one that does not."""
        qualifier, rest = (term[0], term[1:]) if term[:1] in QUALIFIERS else ("+", term)
        name, _, value = rest.partition(":")
        name, _, prefix = name.partition("/")
        match name.lower():
            case "all":
                return qualifier
            case "ip4" | "ip6":
                return qualifier if _holds(value, self.address) else None
            case "include":
                return qualifier if await self._included(value) else None
            case "a" | "mx":
                return qualifier if await self._host(name.lower(), value or domain, prefix) else None
            case "ptr" | "exists":
                self._look_up(term)
                self.unknown.append(term)
                return None
            case _ if "=" in rest:
                return None  # a modifier
        raise Wrong(f"{term} is no mechanism")

    async def _included(self, domain: str) -> bool:
        if "%" in domain:
            self.unknown.append(f"include:{domain}")
            return False
        self._look_up(domain)
        result = await self.result(domain)
        if result is Result.NONE:
            raise Wrong(f"include:{domain} leads to no record")
        return result is Result.PASS

    async def _host(self, name: str, value: str, prefix: str) -> bool:
        host, _, length = value.partition("/")
        length = length or prefix
        self._look_up(host)
        async for address in self._addresses(name, host):
            if address.version == self.address.version and _holds(
                f"{address}/{length}" if length.isdigit() else str(address), self.address
            ):
                return True
        return False

    async def _addresses(self, name: str, host: str) -> AsyncIterator[Address]:
        hosts = (await self.names.mail_servers(host))[:HOSTS] if name == "mx" else [host]
        for each in hosts:
            for address in await self.names.addresses(each):
                yield address

    def _look_up(self, what: str) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise Wrong(f"it needs more than {LOOKUPS} look-ups of DNS, at {what}: receivers give up")


def _holds(network: str, address: Address) -> bool:
    with suppress(ValueError):
        return address in ip_network(network, strict=False)
    raise Wrong(f"{network} is no network")
