"""Gates are audiences that a person may have to approve of: who entered each, in which round, and how its approvals stand."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from services.notifier.permission import Gate
from shared.events import identity
from shared.postgres import Queries, Tx

Row = asyncpg.Record  # a gate, as it is stored

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Entered:
    """Notifications that have just entered the audience of a gate."""

    ids: Sequence[str]
    gate: str
    round: int
    rule: str | None  # of advice; None: that of the incident


async def count(tx: Tx, entered: Sequence[Entered]) -> None:
    """Counts who entered. A gate whose round was approved meanwhile takes them into the next one: nobody has seen them yet."""
    if not entered:
        return
    customers = Counter[str]()
    for each in entered:
        customers[each.gate] += len(each.ids)
    rules = {each.gate: each.rule for each in entered}
    rows = await tx.fetch(queries.count, list(customers), [rules[gate] for gate in customers], list(customers.values()))
    rounds = {row["id"]: row["round"] for row in rows}
    if late := {id_: rounds[each.gate] for each in entered if each.round != rounds[each.gate] for id_ in each.ids}:
        await tx.execute(queries.into_round, list(late), list(late.values()))


async def changed(tx: Tx, gates: Collection[str]) -> None:
    """Notes that audiences have changed otherwise than by growing."""
    if gates:
        await tx.execute(queries.changed, sorted(gates))


async def ask(tx: Tx, gates: Collection[Gate], expires_after: timedelta) -> list[str]:
    """Asks people to approve of what waits in the rounds of these gates; returns the approvals that are new."""
    new = {approval_id(gate.id, gate.round): gate for gate in gates if gate.standing is None}
    if not new:
        return []
    places = [gate.id for gate in new.values()], [gate.round for gate in new.values()]
    return [row["id"] for row in await tx.fetch(queries.ask, list(new), *places, expires_after)]


def approval_id(gate: str, number: int) -> str:
    """Returns the id of the approval of one round of a gate."""
    return identity(gate, "approval", number)
