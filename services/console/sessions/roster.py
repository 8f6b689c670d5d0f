"""What operators do with the people who sign in: each change is checked, made, and noted in the audit log, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.sessions.auditing import noted
from services.console.sessions.cookies import digest_of, new_id
from services.console.sessions.roles import Role
from services.console.store import people, sessions
from services.console.store.audit import Entry
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

    def entry(self, act: str, name: str, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> Entry:
        """Returns what the audit log gets of an act on the person of this name."""
        return Entry(self.person, self.role, act, f"person:{name}", before, after, form_id=self.form_id)


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
    await noted(tx, by.entry("add a person", name, after=after))


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
    await noted(tx, by.entry("change a person", name, before=before, after=after))


async def remove(tx: Tx, by: By, name: str) -> None:
    """Removes a person, whose sessions and links end; what they did stays in histories. Raises a 404 problem, and 409 for oneself."""
    held = await _held(tx, name)
    if by.person == name:
        raise Problem(409, "somebody else has to do this: nobody removes themselves")
    await people.remove(tx, name)
    before = {"role": held.role, "disabled": held.disabled}
    await noted(tx, by.entry("remove a person", name, before=before))


async def make_link(tx: Tx, by: By, name: str) -> Link:
    """Makes a link that signs this person in once, within 15 minutes. Raises a 404 problem, and 409 for who may not sign in."""
    if (await _held(tx, name)).disabled:
        raise Problem(409, f"{name} may not sign in at present")
    link = Link(new_id(), await tx.fetchval("SELECT clock()") + sessions.LINKS)
    await sessions.add_link(tx, digest_of(link.id), name)
    await noted(tx, by.entry("make a link", name))
    return link


async def end_sessions(tx: Tx, by: By, name: str) -> int:
    """Signs a person out everywhere; returns how many sessions ended. Raises a 404 problem."""
    await _held(tx, name)
    ended = await sessions.end_all(tx, name)
    await noted(tx, by.entry("end sessions", name, after={"sessions": ended}))
    return ended


async def _held(tx: Tx, name: str) -> Person:
    held = None if person_trouble(name) else await people.locked(tx, name)
    if held is None:
        raise Problem(404, "there is nobody of this name")
    return held
