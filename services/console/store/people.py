"""Keeps the people who may sign in. Whatever changes what somebody may do ends their sessions."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.console.store import sessions
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("people.sql"))


@dataclass(frozen=True)
class Person:
    """Is one person who may sign in."""

    name: str
    role: str
    password: str | None  # an argon2 hash
    subject: str | None  # at an identity provider
    disabled: bool


async def add(tx: Tx, name: str, role: str, *, by: str, password: str | None = None, subject: str | None = None) -> bool:
    """Adds a person; `password` is a hash. Returns False when somebody has the name or the subject."""
    return await tx.fetchval(queries.add, name, role, password, subject, by) is not None


async def person(tx: Tx, name: str) -> Person | None:
    return _person(await tx.fetchrow(queries.person, name))


async def locked(tx: Tx, name: str) -> Person | None:
    """Returns the person, whom nobody else changes until `tx` ends."""
    return _person(await tx.fetchrow(queries.locked, name))


async def of_subject(tx: Tx, subject: str) -> Person | None:
    """Returns whom an identity provider means, whom nobody else changes until `tx` ends."""
    return _person(await tx.fetchrow(queries.of_subject, subject))


async def change(tx: Tx, name: str, *, role: str | None = None, disabled: bool | None = None, password: str | None = None) -> None:
    """Changes what is given, and ends the person's sessions and links."""
    await tx.execute(queries.change, name, role, disabled, password)
    await sessions.end_all(tx, name)


async def rehash(tx: Tx, name: str, password: str) -> None:
    """Keeps the same password under another hash; sessions go on."""
    await tx.execute(queries.change, name, None, None, password)


async def remove(tx: Tx, name: str) -> None:
    """Removes the person, with sessions and links."""
    await tx.execute(queries.remove, name)


async def listed(tx: Tx, after: str | None, limit: int) -> list[asyncpg.Record]:
    """Returns people by name."""
    return await tx.fetch(queries.listed, sessions.ABSOLUTE, sessions.IDLE, after, limit)


def _person(row: asyncpg.Record | None) -> Person | None:
    return Person(**row) if row else None
