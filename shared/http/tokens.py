"""A bearer token of ours is `fw_<role>_`, 256 random bits and a checksum; only its SHA-256 is ever stored.

Prefix and checksum let a secret scanner tell a leaked token from any other text without asking anybody, as GitHub's formats do
(https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/). One SHA-256 without salt is
right for a secret that no one can guess: NIST SP 800-63B, section 5.1.2.2, asks for a salt and a slow hash only below 112 bits.
"""

import hashlib
import re
import secrets
import string
import zlib

from shared.identity import Role

BITS = 256
RANDOM, CHECK = 43, 6  # base-62 digits that 256 and 32 bits need
KEY_ID = 8  # hexadecimal digits of the hash, by which people tell tokens apart

_FIGURES = string.digits + string.ascii_uppercase + string.ascii_lowercase
_token = re.compile(rf"fw_[a-z]{{1,16}}_[0-9A-Za-z]{{{RANDOM + CHECK}}}").fullmatch
_any_part = re.compile(r"(fw_[a-z]{1,16}_)[0-9A-Za-z]+")  # the end of a text may cut a token short


def mint(role: Role) -> str:
    """Makes a new token for a caller of that role."""
    said = f"fw_{role}_{_base62(secrets.randbits(BITS), RANDOM)}"
    return said + _checksum(said)


def is_token(text: str) -> bool:
    """Returns True when the text is a token by its form and checksum; it does not say whether anybody holds it."""
    return _token(text) is not None and _checksum(text[:-CHECK]) == text[-CHECK:]


def sha256(token: str) -> str:
    """Returns the hash of a token: only this is stored, and a token is found by it.

    A look-up by hash needs no comparison in constant time: its time depends on the hash, of which no caller can choose a part.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def without_tokens(text: str) -> str:
    """Returns the same text with `…` for all but the prefix of each token."""
    return _any_part.sub(r"\1…", text)


def _checksum(said: str) -> str:
    return _base62(zlib.crc32(said.encode()), CHECK)


def _base62(number: int, length: int) -> str:
    figures = ""
    while number:
        number, figure = divmod(number, 62)
        figures = _FIGURES[figure] + figures
    return figures.rjust(length, "0")
