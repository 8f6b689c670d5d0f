"""What operators do with the people who sign in: each change is checked, made, and noted in the audit log, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from services.console.sessions.auditing import noted
from services.console.sessions.cookies import digest_of, new_id
from services.console.sessions.roles import Role
from services.console.store import people, sessions
from services.console.store.people import Person
from shared.api import Problem
from shared.identity import person_trouble
from shared.postgres import Tx


@dataclass(frozen=True)
class By:
    """Is who does it: an operator on a page, or the holder of an operator's token."""

    person: str
    role: str
    form_id: str | None = None


@dataclass(frozen=True)
class Link:
    """Is a link that signs in once; its id is shown once and stored nowhere."""

    id: str
    ends_at: datetime


async def add(tx: Tx, by: By, name: str, role: Role, password: str | None = None) -> None:
    """Adds a person; `password` is a hash. Raises a 422 problem for a name nobody can have, 409 when somebody has it."""
    if why := person_trouble(name):
        raise Problem(422, why)
    if not await people.add(tx, name, role, by=by.person, password=password):
        raise Problem(409, f"there is already somebody called {name}")
    after = {"role": role, "password": password is not None}
    await noted(tx, by.person, by.role, "add a person", f"person:{name}", after=after, form_id=by.form_id)


async def change(tx: Tx, by: By, name: str, *, role: Role | None = None, disabled: bool | None = None, password: str | None = None) -> None:
    """Changes a person, whose sessions and links end. Raises a 404 problem, and 409 for what operators would do to themselves."""
    held = await _held(tx, name)
    if by.person == name and (disabled or (role is not None and role is not Role(held.role))):
        raise Problem(409, "somebody else has to do this: nobody takes their own role away")
    await people.change(tx, name, role=role, disabled=disabled, password=password)
    before = {"role": held.role, "disabled": held.disabled}
    after = {
        "role": role or held.role,
        "disabled": held.disabled if disabled is None else disabled,
        **({"password": "changed"} if password else {}),
    }
    await noted(tx, by.person, by.role, "change a person", f"person:{name}", before=before, after=after, form_id=by.form_id)


async def remove(tx: Tx, by: By, name: str) -> None:
    """Removes a person, whose sessions and links end; what they did stays in histories. Raises a 404 problem, and 409 for oneself."""
    held = await _held(tx, name)
    if by.person == name:
        raise Problem(409, "somebody else has to do this: nobody removes themselves")
    await people.remove(tx, name)
    before = {"role": held.role, "disabled": held.disabled}
    await noted(tx, by.person, by.role, "remove a person", f"person:{name}", before=before, form_id=by.form_id)


async def make_link(tx: Tx, by: By, name: str) -> Link:
    """Makes a link that signs this person in once, within 15 minutes. Raises a 404 problem, and 409 for who may not sign in."""
    if (await _held(tx, name)).disabled:
        raise Problem(409, f"{name} may not sign in at present")
    link = Link(new_id(), await tx.fetchval("SELECT clock()") + sessions.LINKS)
    await sessions.add_link(tx, digest_of(link.id), name)
    await noted(tx, by.person, by.role, "make a link", f"person:{name}", form_id=by.form_id)
    return link


async def end_sessions(tx: Tx, by: By, name: str) -> int:
    """Signs a person out everywhere; returns how many sessions ended. Raises a 404 problem."""
    await _held(tx, name)
    ended = await sessions.end_all(tx, name)
    await noted(tx, by.person, by.role, "end sessions", f"person:{name}", after={"sessions": ended}, form_id=by.form_id)
    return ended


async def _held(tx: Tx, name: str) -> Person:
    held = None if person_trouble(name) else await people.locked(tx, name)
    if held is None:
        raise Problem(404, "there is nobody of this name")
    return held
