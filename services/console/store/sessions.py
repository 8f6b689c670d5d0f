"""Keeps who is signed in, the links and attempts by which people sign in, and what was tried in vain.

A session ends 12 hours after it began, and an hour after a person last used it. What an open page does by itself (the event stream, and
regions that are drawn anew) uses no session, so that a forgotten screen is signed out although it stays current until then.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("sessions.sql"))

ABSOLUTE = timedelta(hours=12)
IDLE = timedelta(hours=1)
LINKS = timedelta(minutes=15)  # that a link can be used
ATTEMPTS = timedelta(minutes=10)  # that a person has at the identity provider
KNOWN = timedelta(days=90)  # that a browser is known after its person signed in there


@dataclass(frozen=True)
class Attempt:
    """Is one way to the identity provider and back."""

    state: str
    nonce: str
    verifier: str
    next: str


@dataclass(frozen=True)
class Tried:
    """Says how often a key (of a name, an address or a browser) was tried in vain, and from when on the next try counts."""

    failures: int
    failed_at: datetime
    next_try_at: datetime


def named(person: str) -> bytes:
    """Returns what stands for the session of a person whom a proxy names. It is longer than any digest, so no cookie leads to it."""
    return b"header:" + hashlib.sha256(person.encode()).digest()


async def begin(tx: Tx, digest: bytes, person: str, via: str) -> None:
    """Begins a session."""
    await tx.execute(queries.begin, digest, person, via)
    await tx.execute(queries.seen, person)


async def find(tx: Tx, digest: bytes, *, used: bool) -> asyncpg.Record | None:
    """Returns `person`, `role` and `unmasked_until` of a session that has not ended; `used` says that the person uses it now."""
    row = await tx.fetchrow(queries.find, digest, ABSOLUTE, IDLE)
    if row is not None and row["old"] and used:
        await tx.execute(queries.note_use, digest)
    return row


async def find_named(tx: Tx, name: str, digest: bytes) -> asyncpg.Record | None:
    """Returns `name`, `role`, `disabled` and `unmasked_until` of a person whom a proxy names."""
    await tx.execute(queries.seen, name)
    return await tx.fetchrow(queries.find_named, name, digest)


async def unmask(tx: Tx, digest: bytes, person: str, how_long: timedelta) -> None:
    """Lets this session see personal data for so long; for no time at all hides it again."""
    if digest == named(person):
        await tx.execute(queries.unmask_named, digest, person, how_long)
    else:
        await tx.execute(queries.unmask, digest, how_long)


async def end(tx: Tx, digest: bytes) -> None:
    """Ends a session."""
    await tx.execute(queries.end, digest)


async def end_all(tx: Tx, person: str) -> int:
    """Ends all sessions of a person, and their links; returns how many sessions there were."""
    return int((await tx.execute(queries.end_all, person)).rpartition(" ")[2])


async def add_link(tx: Tx, digest: bytes, person: str) -> None:
    """Makes a link that signs in once; those that were made before end."""
    await tx.execute(queries.add_link, digest, person)


async def link(tx: Tx, digest: bytes) -> asyncpg.Record | None:
    """Returns `person` and `role` of a link that can be used."""
    return await tx.fetchrow(queries.link, digest, LINKS)


async def use_link(tx: Tx, digest: bytes) -> asyncpg.Record | None:
    """Uses a link up; returns `person` and `role`, or None when it could not be used any more."""
    return await tx.fetchrow(queries.use_link, digest, LINKS)


async def begin_attempt(tx: Tx, digest: bytes, attempt: Attempt) -> None:
    """Keeps what the identity provider's answer must fit."""
    await tx.execute(queries.begin_attempt, digest, attempt.state, attempt.nonce, attempt.verifier, attempt.next)


async def take_attempt(tx: Tx, digest: bytes) -> Attempt | None:
    """Uses an attempt up; None when there is none, or it took too long."""
    row = await tx.fetchrow(queries.take_attempt, digest, ATTEMPTS)
    return Attempt(row["state"], row["nonce"], row["verifier"], row["next"]) if row and row["in_time"] else None


async def know(tx: Tx, browser: bytes, person: str) -> None:
    """Notes that a person signs in with this browser."""
    await tx.execute(queries.know, browser, person)


async def knows(tx: Tx, browser: bytes, person: str) -> bool:
    """Returns True when the person has signed in with this browser lately."""
    return bool(await tx.fetchval(queries.knows, browser, person, KNOWN))


async def tried(tx: Tx, key: bytes) -> tuple[Tried, datetime]:
    """Returns what was tried in vain by this key, and the moment; nobody else counts by it until `tx` ends."""
    [row] = await tx.fetch(queries.failures, key)
    return Tried(row["failures"], row["failed_at"], row["next_try_at"]), row["now"]


async def fail(tx: Tx, failures: Mapping[bytes, tuple[int, timedelta]]) -> None:
    """Notes how often each key was tried in vain, and how long its next try must wait."""
    counts, pauses = [count for count, _ in failures.values()], [pause for _, pause in failures.values()]
    await tx.execute(queries.fail, list(failures), counts, pauses)


async def forget_failures(tx: Tx, key: bytes) -> None:
    """Forgets what was tried in vain by this key."""
    await tx.execute(queries.forget_failures, key)


async def take_back_failure(tx: Tx, key: bytes) -> None:
    """Takes back the latest failure of this key, since it was none."""
    await tx.execute(queries.take_back, key)
