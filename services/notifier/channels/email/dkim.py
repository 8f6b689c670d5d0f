"""Mails are signed for the domain that sends them (DKIM, RFC 6376; Ed25519 by RFC 8463), so that receivers know that they are ours. Pure.

A signature covers the body and the header fields below, each so often and no oftener: nobody can add a second one. One-click
unsubscribe counts with large receivers only where it is covered (RFC 8058, 4).
"""

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SIGNED = (
    *(b"from", b"to", b"cc", b"reply-to", b"sender", b"subject", b"date", b"message-id", b"in-reply-to", b"references"),
    *(b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post", b"mime-version", b"content-type", b"content-transfer-encoding"),
)
SHORTEST_RSA = 2048  # bits; RFC 8301, 3.2 would take 1024, and large receivers do not
LINE = 72  # characters of base64 in a line

_field = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r]|\r\n[ \t])*)\r\n").match
_white = re.compile(rb"[ \t\r\n]+").sub
_blanks = re.compile(rb"[ \t]+").sub

SignData = Callable[[bytes], bytes]


class Signer:
    """Signs mails for a domain."""

    def __init__(self, domain: str, selector: str, key: str) -> None:
        """`key`: the private key in PEM, RSA or Ed25519; its public half stands in DNS at `<selector>._domainkey.<domain>`.

        Raises ValueError, which shows nothing of the key.
        """
        algorithm, self._sign = _signing(key)
        self._tags = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n\th=".encode()

    def signed(self, mail: bytes) -> bytes:
        """Returns the mail with its signature before it. Its lines end in CRLF, and so they must reach the receiver."""
        head, _, body = mail.partition(b"\r\n\r\n")
        names, fields = _covered(head + b"\r\n")
        hashed = b64encode(sha256(relaxed_body(body)).digest())
        tags = b"".join((self._tags, b":\r\n\t ".join(names), b";\r\n\tbh=", hashed, b";\r\n\tb="))
        to_sign = b"".join((*fields, _relaxed(b"dkim-signature", tags)))
        signature = b64encode(self._sign(to_sign))
        lines = b"\r\n\t ".join(signature[at : at + LINE] for at in range(0, len(signature), LINE))
        return b"".join((b"DKIM-Signature: ", tags, lines, b"\r\n", mail))


def _signing(pem: str) -> tuple[str, SignData]:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it is no private key in PEM, or one with a password") from None
    match key:
        case RSAPrivateKey(key_size=size) if size >= SHORTEST_RSA:
            padding, digest = PKCS1v15(), SHA256()
            return "rsa-sha256", lambda data: key.sign(data, padding, digest)
        case Ed25519PrivateKey():
            return "ed25519-sha256", lambda data: key.sign(sha256(data).digest())
    raise ValueError(f"it is neither an Ed25519 key nor an RSA key of at least {SHORTEST_RSA} bits")


def _covered(head: bytes) -> tuple[list[bytes], list[bytes]]:
    """Returns the names for `h=`, each once more than there are such fields, and what of them is signed, in that order."""
    found, at = defaultdict[bytes, list[bytes]](list), 0
    while (field := _field(head, at)) is not None:
        found[field[1].lower()].append(field[2])
        at = field.end()
    names, fields = list[bytes](), list[bytes]()
    for name in SIGNED:
        values = found.get(name, ())
        names.append(b":".join([name] * (len(values) + 1)))
        fields += [_relaxed(name, value) + b"\r\n" for value in reversed(values)]  # the last counts first (RFC 6376, 5.4.2)
    return names, fields


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Returns a field as RFC 6376, 3.4.2 has it, without its end of line."""
    return b"%s:%s" % (name, _white(b" ", value).strip(b" "))


def relaxed_body(body: bytes) -> bytes:
    """Returns the body, whose lines all end in CRLF, as RFC 6376, 3.4.4 has it.

    Blanks are one space, none is at the end of a line, and no empty lines are at the end.
    """
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = _blanks(b" ", body).replace(b" \r\n", b"\r\n")
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""
