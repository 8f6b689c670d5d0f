"""Signs people in by name and password, and begins the session of whoever came in by any way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from services.console import metrics
from services.console.sessions import throttling
from services.console.sessions.auditing import noted
from services.console.sessions.cookies import BROWSER, SESSION, digest_of, give, new_id, read
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
    """Is a name and a password, the address that they came from, and the digest of the browser's id."""

    name: str
    password: str
    source: str
    browser: bytes | None = None

    @property
    def by_address(self) -> bytes:
        return digest_of(f"address {self.source}")

    @property
    def by_name(self) -> bytes:
        """Returns a digest, since people type passwords as names."""
        return digest_of(f"name {self.name}")

    @property
    def by_browser(self) -> bytes:
        return digest_of(f"browser {(self.browser or b'').hex()} {self.name}")


async def by_password(database: Database, passwords: Passwords, said: Tried) -> Person | Refused:
    """Returns who it is. A try is counted as a failure before it is looked at, so that many at once count, too."""
    is_known = await _knows(database, said)
    free = {said.by_browser: throttling.NAME} if is_known else {said.by_address: throttling.ADDRESS, said.by_name: throttling.NAME}
    if wait := await _counted(database, free):
        metrics.SIGN_INS_FAILED.labels("throttled").inc()
        return Refused("There were too many tries. Wait before the next one.", wait)
    held = await _held(database, said.name)
    password = held.password if held and not held.disabled else None
    if await passwords.fits(said.password, password) and held and password:
        fresh = await passwords.hashed(said.password) if outdated(password) else None
        async with database.transaction() as tx:
            await sessions.forget_failures(tx, said.by_browser if is_known else said.by_name)
            if not is_known:
                await sessions.take_back_failure(tx, said.by_address)
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
    await _recognize(tx, request, response, name)
    metrics.SIGNED_IN.labels(via).inc()
    await noted(tx, Entry(name, role, "sign in", f"person:{name}", after={"via": via}))


async def _recognize(tx: Tx, request: Request, response: Response, name: str) -> None:
    """Has the browser known by an id of its own from now on: the one that it has, or a new one."""
    known = read(request, BROWSER)
    id_ = new_id() if known is None else request.cookies[BROWSER]
    await sessions.know(tx, digest_of(id_), name)
    give(response, BROWSER, id_, sessions.KNOWN)


async def _knows(database: Database, said: Tried) -> bool:
    if said.browser is None or person_trouble(said.name):
        return False
    async with database.connection() as tx:
        return await sessions.knows(tx, said.browser, said.name)


async def _counted(database: Database, free: Mapping[bytes, int]) -> timedelta | None:
    """Counts a failure by each key, or returns how long it is until the next try counts; `free` says how many cost nothing.

    The first key that has to wait ends it: an address that tries names without end stores none of them.
    """
    failures: dict[bytes, tuple[int, timedelta]] = {}
    async with database.transaction() as tx:
        for key, cost_nothing in free.items():
            held, now = await sessions.tried(tx, key)
            if held.next_try_at > now:
                return held.next_try_at - now
            count = throttling.counted(held.failures, held.failed_at, now)
            failures[key] = count, throttling.pause(count, cost_nothing)
        await sessions.fail(tx, failures)
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
