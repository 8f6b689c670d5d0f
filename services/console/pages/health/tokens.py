"""Counts the tokens of callers, by role, as the file of tokens has them, which all services read."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.configuration.files import ConfigError, load
from shared.http.tokens_file import Entry, TokensFile


@dataclass(frozen=True, slots=True)
class OfRole:
    """Says what callers of one role have: tokens that work, when the next of them ends, and how many have ended."""

    role: str
    callers: int
    tokens: int
    next_end: datetime | None
    ended: int


async def tokens_in(path: str) -> list[OfRole] | None:
    """Returns what the callers of each role have; nothing without a file, None when it cannot be read."""
    if not path:
        return []
    try:
        read = await asyncio.to_thread(load, Path(path), TokensFile)
    except ConfigError:
        return None
    return by_role(list(read.callers.values()), datetime.now(UTC))  # noqa: TID251  the edge


def by_role(callers: Sequence[Entry], now: datetime) -> list[OfRole]:
    """Returns the callers' tokens by role, in the order of the roles' names. Pure."""
    return [_of(role, [each for each in callers if each.role == role], now) for role in sorted({each.role for each in callers})]


def _of(role: str, callers: Sequence[Entry], now: datetime) -> OfRole:
    ends = [token.ends_at for caller in callers for token in caller.tokens]
    working = [at for at in ends if at is None or at > now]
    return OfRole(role, len(callers), len(working), min((at for at in working if at), default=None), len(ends) - len(working))
