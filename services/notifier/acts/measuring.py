"""How many switches are thrown, and how many audiences wait for a person, is measured in the database: every replica shows the same."""

from functools import partial
from itertools import product

from services.notifier import metrics
from services.notifier.permission import Mode, Scope
from services.notifier.store.switches import queries
from shared.observing.measuring import Figures
from shared.postgres import Database

EVERY = 5.0  # seconds

_SWITCHES = {(scope, mode): metrics.SWITCHES.labels(scope, mode) for scope, mode in product(Scope, Mode)}


def consent(database: Database) -> Figures:
    """Measures what people have stopped, and what waits for them."""
    return Figures("consent", partial(_show, database), [*_SWITCHES.values(), metrics.APPROVALS_WAITING], every=EVERY)


async def _show(database: Database) -> None:
    async with database.connection() as connection:
        rows = {(row["scope"], row["mode"]): row["thrown"] for row in await connection.fetch(queries.figures)}
    metrics.APPROVALS_WAITING.set(rows.get(("approvals", "waiting"), 0))
    for place, gauge in _SWITCHES.items():
        gauge.set(rows.get(place, 0))
