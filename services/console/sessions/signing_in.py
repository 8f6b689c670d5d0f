"""Signs people in by name and password, and begins the session of whoever came in by any way."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from services.console import metrics
from services.console.sessions import throttling
from services.console.sessions.auditing import noted
from services.console.sessions.cookies import SESSION, digest_of, give, new_id, read
from services.console.sessions.passwords import Passwords, outdated
from services.console.store import people, sessions
from services.console.store.audit import Entry, record
from services.console.store.people import Person
from shared.identity import person_trouble
from shared.postgres import Database, Tx

WRONG = "No one may sign in with this name and this password."


@dataclass(frozen=True)
class Refused:
    """Says why somebody does not come in, and how long they have to wait."""

    words: str
    wait: timedelta | None = None


@dataclass(frozen=True)
class Tried:
    """Is a name and a password, and the address that they came from."""

    name: str
    password: str
    source: str

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """Returns by what failures are counted: the name and the address, as digests, since people type passwords as names."""
        return digest_of(f"name {self.name}"), digest_of(f"address {self.source}")


async def by_password(database: Database, passwords: Passwords, said: Tried) -> Person | Refused:
    """Returns who it is. A try is counted as a failure before it is looked at, so that many at once count, too."""
    if wait := await _counted(database, said):
        metrics.SIGN_INS_FAILED.labels("throttled").inc()
        return Refused("There were too many tries. Wait before the next one.", wait)
    held = await _held(database, said.name)
    password = held.password if held and not held.disabled else None
    if await passwords.fits(said.password, password) and held and password:
        fresh = await passwords.hashed(said.password) if outdated(password) else None
        async with database.transaction() as tx:
            await sessions.succeed(tx, *said.keys)
            if fresh:
                await people.rehash(tx, held.name, fresh)
        return held
    metrics.SIGN_INS_FAILED.labels("password").inc()
    if held:
        await _note_failure(database, held)
    return Refused(WRONG)


async def begin(tx: Tx, request: Request, response: Response, name: str, role: str, via: str) -> None:
    """Begins a session in this browser; one that it had ends."""
    if (old := read(request, SESSION)) is not None:
        await sessions.end(tx, old)
    id_ = new_id()
    await sessions.begin(tx, digest_of(id_), name, via)
    give(response, SESSION, id_, sessions.ABSOLUTE)
    metrics.SIGNED_IN.labels(via).inc()
    await noted(tx, Entry(name, role, "sign in", f"person:{name}", after={"via": via}))


async def _counted(database: Database, said: Tried) -> timedelta | None:
    """Counts a failure, or returns how long it is until the next try counts."""
    name, address = said.keys
    async with database.transaction() as tx:
        held, now = await sessions.tried(tx, [name, address])
        wait = max(each.next_try_at for each in held.values()) - now
        if wait > timedelta():
            return wait
        counts = {key: throttling.counted(each.failures, each.failed_at, now) for key, each in held.items()}
        free = {name: throttling.NAME, address: throttling.ADDRESS}
        await sessions.fail(tx, {key: (count, throttling.pause(count, free[key])) for key, count in counts.items()})
    return None


async def _held(database: Database, name: str) -> Person | None:
    if person_trouble(name):
        return None
    async with database.connection() as tx:
        return await people.person(tx, name)


async def _note_failure(database: Database, held: Person) -> None:
    """Notes that somebody tried this person's name in vain; what else people type as a name is in no log.

    It tells no page: nobody who is not signed in has others wait for the gate.
    """
    async with database.transaction() as tx:
        await record(tx, Entry(held.name, held.role, "sign in", f"person:{held.name}", outcome="refused"))
