"""Keeps what an owner answered until the read model has heard the fact, so that the page after an act shows what was done.

Pages read it in their own statement (see `pages/ticket/queries.sql`), and merge it with `merged`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from services.console.store.moments import moments
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("awaited.sql"))

# The columns of the read model that owners call otherwise.
CALLED = {"by": "ended_by"}


async def keep(tx: Tx, key: str, form_id: str, answer: Mapping[str, Any], *, by: str, said: str = "") -> None:
    """Keeps an answer for half a minute; `said` are the words of a message, which the answer does not have."""
    await tx.execute(queries.keep_awaited, key, form_id, answer.get("customer_id"), dict(answer), by, said)


def merged(row: Mapping[str, Any], answers: Iterable[Mapping[str, Any]], newer: str) -> dict[str, Any]:
    """Returns the row as the latest answer has it, unless the read model has caught up.

    `newer` is the column that grows with each change: an incident's `revision`, a ticket's `changed_at`.
    """
    shown = dict(row)
    for answer in answers:
        said = {CALLED.get(name, name): value for name, value in moments(answer).items()}
        if said[newer] > shown[newer]:
            shown |= {name: value for name, value in said.items() if name in shown}
    return shown
