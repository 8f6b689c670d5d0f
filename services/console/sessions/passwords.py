"""Hashes and checks passwords with argon2id, in threads, two at once: each takes 64 MiB.

The parameters are the second recommended option of RFC 9106 (section 4: 3 passes, 64 MiB, 4 lanes), above OWASP's minimum.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from shared.api import Problem

T = TypeVar("T")

SHORTEST, LONGEST = 12, 1024  # characters; length is what counts (NIST SP 800-63B), so no kind of character is asked for
AT_ONCE, WAITING = 2, 20

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
# The hash of random bytes that were thrown away: an unknown name costs the time of a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$W+2kvhxI0iuMbPWvATC5EA$6MUVixW276mPcPH0kEOxEP/NHEbAXjutsQAIjzwqQ+A"


def trouble(password: str) -> str | None:
    """Returns why this cannot be a password; None when it can."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    return None


class Passwords:
    """Hashes and checks in turn. Raises a 503 problem with Retry-After when too many wait."""

    def __init__(self) -> None:
        self._turn, self._waiting = asyncio.Semaphore(AT_ONCE), 0

    async def hashed(self, password: str) -> str:
        """Returns the hash to store."""
        return await self._in_turn(lambda: _hasher.hash(_bytes(password)))

    async def fits(self, password: str, stored: str | None) -> bool:
        """Returns True when the password is the one of the hash. None for a hash takes as long as a wrong password."""
        return await self._in_turn(lambda: _fits(password, stored))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise Problem(503, "many people sign in at this moment, try again", headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def outdated(stored: str) -> bool:
    """Returns True when a hash has other parameters than new ones get."""
    return _hasher.check_needs_rehash(stored)


def _fits(password: str, stored: str | None) -> bool:
    long = len(password) > LONGEST
    try:
        _hasher.verify(stored or _NOBODY, _bytes(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and not long


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
