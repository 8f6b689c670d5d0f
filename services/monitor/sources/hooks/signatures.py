"""Judges whether a request was sent by who holds the hook's secret, in constant time, over the bytes as they came. Pure."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.monitor.sources.hooks.model import Signature

Headers = Mapping[str, str]  # by names in lower case
Secrets = Sequence[str]  # two while they are rotated: either is right


@dataclass(frozen=True, slots=True)
class Signed:
    """Is a request of who holds the secret; `at` is when it was signed, where its sender says so."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Is a request that anybody may have sent; `why` quotes nothing of it."""

    why: str


Verdict = Signed | Unsigned
Check = Callable[[Secrets, Headers, bytes], Verdict]


def by_bearer(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:  # noqa: ARG001  a Check
    """Judges `Authorization: Bearer <secret>` (RFC 6750)."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return Unsigned("it has no bearer token: `Authorization: Bearer <the hook's secret>`")
    return Signed() if any_equal(secrets, [token.strip()]) else Unsigned("the bearer token is not the hook's secret")


def by_signature(signature: Signature) -> Check:
    """Makes a check of a header that holds an HMAC of the body, with the moment of signing before it where that is signed, too."""

    def check(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:
        said = headers.get(signature.header.lower())
        if said is None or not said.startswith(signature.prefix):
            return Unsigned(f"it has no {signature.header} as it should be")
        at, signed = None, raw
        if signature.timestamp is not None:
            stamp = headers.get(signature.timestamp.lower(), "")
            if (at := moment_of(stamp)) is None:
                return Unsigned(f"{signature.timestamp} is no moment")
            signed = stamp.encode() + b":" + raw
        expected = [_digest(secret, signed, signature) for secret in secrets]
        return Signed(at) if any_equal(expected, [said.removeprefix(signature.prefix)]) else Unsigned(f"{signature.header} is wrong")

    return check


def hex_hmac(secret: str, signed: bytes, algorithm: str = "sha256") -> str:
    """Returns the HMAC (RFC 2104) in hexadecimal."""
    return hmac.new(secret.encode(), signed, algorithm).hexdigest()


def any_equal(right: Iterable[str], said: Iterable[str]) -> bool:
    """Returns True when one of these is one of those. How long it takes does not depend on how much of one is right."""
    given = [each.encode(errors="surrogateescape") for each in said]
    return any([hmac.compare_digest(each.encode(), one) for each in right for one in given])  # noqa: C419  all are compared


def moment_of(seconds: str) -> datetime | None:
    """Returns the moment that a header says in seconds since the epoch; None when it says none."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _digest(secret: str, signed: bytes, signature: Signature) -> str:
    made = hmac.new(secret.encode(), signed, getattr(hashlib, signature.algorithm))
    return made.hexdigest() if signature.encoding == "hex" else b64encode(made.digest()).decode()
