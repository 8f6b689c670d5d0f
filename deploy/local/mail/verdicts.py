"""What DNS says of a sender is judged: lines for SPF, DKIM, DMARC, the return path and the relay's name, with what to write. Pure."""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from deploy.local.mail.spf import Result

SHORTEST, SHORT = 1024, 2048  # bits of an RSA key (RFC 8301): below the first refused, below the second advised against

_name = re.compile(r"[A-Za-z][\w-]*").fullmatch
_spaces = re.compile(r"\s").sub


class Level(StrEnum):
    OK = "ok"
    LOOK = "look"  # mail arrives, and could be trusted more; or it could not be found out
    WRONG = "WRONG"  # mailbox providers refuse such mail, or nothing can come back


@dataclass(frozen=True, slots=True)
class Line:
    """A verdict."""

    level: Level
    about: str
    said: str
    write: str = ""  # the record to write into DNS


def tags(record: str) -> dict[str, str]:
    """Returns the tags of a DKIM or DMARC record (RFC 6376, 3.2), the first of each name."""
    found: dict[str, str] = {}
    for each in record[:10_000].split(";"):
        name, is_tag, value = each.partition("=")
        if is_tag and _name(name.strip()):
            found.setdefault(name.strip().lower(), value.strip())
    return found


def spf(domain: str, result: Result, address: str, relay: str, unknown: Sequence[str]) -> Line:
    """Judges what the domain of the return path says of one address of the relay."""
    host = relay if any(each.isalpha() for each in relay) and ":" not in relay else ""
    term = f"a:{host}" if host else f"ip{6 if ':' in address else 4}:{address}"
    match result:
        case Result.PASS:
            return Line(Level.OK, "SPF", f"{domain} lets {address} send")
        case Result.NONE:
            said = f"{domain} has no record: nothing says that {address} may send in its name"
            return Line(Level.WRONG, "SPF", said, f'{domain}. TXT "v=spf1 {term} ~all"')
        case _ if unknown:
            said = f"{domain} says {result} of {address}; {', '.join(unknown)} was not followed"
            return Line(Level.LOOK, "SPF", said)
        case _:
            said = f"{domain} says {result} of {address}; if {relay} sends from other addresses, its provider says which include it needs"
            return Line(Level.WRONG, "SPF", said, f'add {term} to the record "v=spf1 …" of {domain}.')


def dkim(name: str, texts: Sequence[str]) -> Line:
    """Judges the key of a selector."""
    found = [text for text in texts if "p" in tags(text)]
    if not found:
        return Line(Level.WRONG, "DKIM", f"{name} has no key", f'{name}. TXT "v=DKIM1; k=rsa; p=<your public key in base64>"')
    if len(found) > 1:
        return Line(Level.WRONG, "DKIM", f"{name} has {len(found)} keys, and may have one (RFC 6376, 3.6.2.2)")
    key = tags(found[0])
    if key.get("v", "DKIM1") != "DKIM1":
        return Line(Level.WRONG, "DKIM", f"{name} is of another version than DKIM1")
    if not key["p"]:
        return Line(Level.WRONG, "DKIM", f"{name} is revoked: its p= is empty")
    return _key(name, key.get("k", "rsa").lower(), _spaces("", key["p"]), testing="y" in key.get("t", "").split(":"))


def _key(name: str, kind: str, said: str, *, testing: bool) -> Line:
    try:
        raw = base64.b64decode(said, validate=True)
        key = None if kind == "ed25519" else load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return Line(Level.WRONG, "DKIM", f"{name} holds no public key: its p= cannot be read")
    if kind == "ed25519" and len(raw) == 32:
        return Line(Level.LOOK, "DKIM", f"{name} has an Ed25519 key, which not all receivers know (RFC 8463): sign with RSA, too")
    if not isinstance(key, RSAPublicKey):
        return Line(Level.WRONG, "DKIM", f"{name} holds no RSA key")
    return _of_bits(name, key.key_size, testing=testing)


def _of_bits(name: str, bits: int, *, testing: bool) -> Line:
    if bits < SHORTEST:
        return Line(Level.WRONG, "DKIM", f"{name} has a key of {bits} bits: receivers refuse it below {SHORTEST}")
    if bits < SHORT:
        return Line(Level.LOOK, "DKIM", f"{name} has a key of {bits} bits: {SHORT} are advised (RFC 8301)")
    if testing:
        return Line(Level.LOOK, "DKIM", f"{name} says t=y, that you only test: receivers may ignore it")
    return Line(Level.OK, "DKIM", f"{name} has a key of {bits} bits")


def dmarc(domain: str, at: str, texts: Sequence[str]) -> Line:
    """Judges the policy that was found for the From domain: `at` is where, the domain itself or one above it."""
    found = [text for text in texts if text.lower().replace(" ", "").startswith("v=dmarc1")]
    if not found:
        return Line(Level.WRONG, "DMARC", f"{domain} has no policy", f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"')
    if len(found) > 1:
        return Line(Level.WRONG, "DMARC", f"_dmarc.{at} has {len(found)} policies, and may have one (RFC 7489, 6.6.3)")
    said = tags(found[0])
    policy = (said.get("sp") or said.get("p", "")).lower() if at != domain else said.get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        return Line(Level.WRONG, "DMARC", f"_dmarc.{at} says p={policy[:50] or '(nothing)'}, which is no policy")
    if policy == "none":
        said_none = f"_dmarc.{at} says p=none: mail that anybody forges in your name is delivered"
        return Line(
            Level.LOOK, "DMARC", said_none, f'once the reports show only mail of yours: _dmarc.{at}. TXT "v=DMARC1; p=quarantine; …"'
        )
    return Line(Level.OK, "DMARC", f"_dmarc.{at} says p={policy}")


def alignment(domain: str, at: str, record: str, return_path: str, signed: str | None) -> Line:
    """Judges whether SPF or DKIM speak of the From domain (RFC 7489, 3.1). `at`: where the policy stands, and so the organization.

    `signed`: the domain that mails are signed as; None when that is not known.
    """
    said = tags(record)
    by = [
        name
        for name, other, mode in (("SPF", return_path, said.get("aspf")), ("DKIM", signed, said.get("adkim")))
        if other and aligned(domain, other, at, strict=(mode or "r").lower() == "s")
    ]
    if by:
        return Line(Level.OK, "alignment", f"{' and '.join(by)} speak{'s' if len(by) == 1 else ''} of {domain}")
    told = f"the return path is of {return_path}" + (f", the signature of {signed}" if signed else "")
    level = Level.WRONG if signed else Level.LOOK
    hint = "" if signed else "; a signature of the domain itself would help, if the relay makes one (--selector)"
    return Line(level, "alignment", f"nothing speaks of {domain}: {told}{hint}")


def aligned(domain: str, other: str, organization: str, *, strict: bool) -> bool:
    one, two, above = (each.lower().rstrip(".") for each in (domain, other, organization))
    return one == two or (not strict and all(each == above or each.endswith(f".{above}") for each in (one, two)))


def return_path(domain: str, servers: Sequence[str], has_address: bool) -> Line:
    """Judges whether anything can come back to the domain of the return path."""
    if list(servers) == ["."]:
        return Line(Level.WRONG, "bounces", f"{domain} takes no mail (RFC 7505): no bounce comes back")
    if servers:
        return Line(Level.OK, "bounces", f"{domain} takes mail at {', '.join(servers[:3])}")
    write = f"{domain}. MX 10 <the server that has the mailbox>"
    if has_address:
        return Line(Level.LOOK, "bounces", f"{domain} has no MX: mail goes to the host of that name itself", write)
    return Line(Level.WRONG, "bounces", f"{domain} has neither an MX nor an address: no bounce comes back", write)


def relay_name(address: str, names: Sequence[str], confirmed: Sequence[str]) -> Line:
    """Judges what an address of the relay is called, and whether that name leads back to it."""
    if confirmed:
        return Line(Level.OK, "relay", f"{address} is called {confirmed[0]}, which leads back to it")
    if names:
        return Line(Level.LOOK, "relay", f"{address} is called {names[0]}, which does not lead back to it: some receivers refuse that")
    return Line(Level.LOOK, "relay", f"{address} has no name (PTR): if it delivers to the world itself, receivers refuse it")


def worst(lines: Sequence[Line]) -> Level:
    return next((level for level in (Level.WRONG, Level.LOOK) if any(line.level is level for line in lines)), Level.OK)


def parents(domain: str) -> Iterator[str]:
    """Yields the domain and those above it that have a dot, as receivers look for a policy; eight labels at most."""
    labels = domain.rstrip(".").split(".")[-8:]
    for at in range(len(labels) - 1):
        yield ".".join(labels[at:])
