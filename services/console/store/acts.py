"""Keeps which forms were pressed, so that each acts once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("acts.sql"))

GIVEN_UP = "not known: the console ended before the answer came"


class Claim(Enum):
    """What a press of a form finds."""

    OURS = auto()  # nobody has acted on it: whoever got this does, before the lease ends
    TAKEN = auto()  # another press is under way
    DONE = auto()  # an earlier press did it
    OTHERS = auto()  # the id was used by somebody else, or for something else that was done


@dataclass(frozen=True)
class Asking:
    """Is what somebody asks for by a form: all that the audit log has of it, should the process die before the answer."""

    form_id: str
    person: str
    role: str
    act: str
    subject: str
    before: Mapping[str, Any] | None
    asked: bytes  # a digest of it


async def claim(tx: Tx, it: Asking) -> Claim:
    """Claims the form for as long as an owner may take to answer, and a bit more."""
    if await tx.fetchval(queries.claim, it.form_id, it.person, it.act, it.asked, it.role, it.subject, it.before):
        return Claim.OURS
    row = await tx.fetchrow(queries.claimed, it.form_id)
    if row is None:
        return Claim.TAKEN  # it was let go this very moment: the next look claims it
    if (row["person"], row["act"]) != (it.person, it.act) or (row["done_at"] and row["asked"] != it.asked):
        return Claim.OTHERS
    return Claim.DONE if row["done_at"] else Claim.TAKEN


async def finish(tx: Tx, form_id: str) -> bool:
    """Marks the form's act as done; False when it is marked already."""
    return await tx.fetchval(queries.finish, form_id) is not None


async def let_go(tx: Tx, form_id: str, *, again: bool) -> None:
    """Ends the claim; `again`: the outcome is not known, so the same act may follow under the same id and no other."""
    await tx.execute(queries.release if again else queries.forget, form_id)


async def sweep(tx: Tx) -> list[str]:
    """Gives the audit log a line of each act whose process died before it wrote one; returns what they were about."""
    return [row["subject"] for row in await tx.fetch(queries.sweep, GIVEN_UP)]
