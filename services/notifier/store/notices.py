"""Notices for operators, and the queues of them: what is to be spread to those who want it, and what each of these is still to be told."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

from services.notifier.operators.notices import About, Notice, Operator
from shared.events import identity
from shared.postgres import Queries, Tx
from shared.timers import Due, schedule

queries = Queries(Path(__file__).with_suffix(".sql"))

SPREAD = "notice_spread"  # due rows of notices that nobody was given yet
TELL = "notice_tell"  # due rows of a notice and an operator
GATHER = timedelta(seconds=3)  # that a notice waits for others
TOGETHER = 200  # notices that one message says


async def write(tx: Tx, notices: Collection[Notice]) -> None:
    """Has operators told of these, now; of what they were told before not again."""
    if not notices:
        return
    each = {notice.id: notice for notice in notices}.values()
    columns = ([getattr(notice, name) for notice in each] for name in ("id", "about", "subject", "text", "at"))
    await tx.execute(queries.write_notices, *columns, SPREAD)


async def tell(tx: Tx, about: About, subject: str, text: str, *, unique: str) -> None:
    """Has operators told of this, now. It is told once for each `unique`, which names what it is about.

    The words name no customer: they are kept when a customer is erased.
    """
    now = await tx.fetchval("SELECT clock()")
    await write(tx, [Notice(identity("operators", about, unique), about, subject, text, now)])


async def read(tx: Tx, ids: Collection[str]) -> list[Notice]:
    """Returns those of the notices that are kept still, oldest first."""
    rows = await tx.fetch(queries.notices, list(ids))
    return [Notice(row["id"], About(row["about"]), row["subject"], row["body"], row["at"]) for row in rows]


async def give(tx: Tx, notice: Notice, operators: Sequence[Operator]) -> None:
    """Has each of these operators told of it, in a moment: what comes meanwhile goes with it."""
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, TELL, {ref_of(each.name, notice.id): now + GATHER for each in operators})


async def take_others(tx: Tx, due: Due, operator: str, lease: timedelta) -> list[Due]:
    """Returns what else is due for the operator of this row, claimed as it is."""
    prefix = ref_of(operator, "").removesuffix('"]')
    rows = await tx.fetch(queries.take_others, due.kind, prefix, due.lease, lease, TOGETHER - 1, GATHER)
    return [Due(due.kind, row["ref"], row["due_at"], row["attempts"], due.lease, row["now"]) for row in rows]


def ref_of(operator: str, notice_id: str) -> str:
    return json.dumps([operator, notice_id])


def parts_of(ref: str) -> tuple[str, str]:
    """Returns the operator and the notice that a row names."""
    operator, notice_id = json.loads(ref)
    return operator, notice_id
