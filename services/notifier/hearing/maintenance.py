"""Maintenance on `incidents.v1`: each period is kept as the latest fact describes it. Who is told of it, `announcing.py` finds."""

from collections.abc import Iterator, Sequence

from services.notifier.maintenance import Announced, Period
from services.notifier.store import maintenance as store
from services.notifier.store.maintenance import Walk
from shared.events import (
    Fact,
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceEnded,
    MaintenancePlanned,
    MaintenanceStarted,
)
from shared.postgres import Tx

FACTS = (MaintenancePlanned, MaintenanceChanged, MaintenanceStarted, MaintenanceEnded, MaintenanceCancelled)


async def on_maintenance(tx: Tx, facts: Sequence[Fact]) -> None:
    """Stores what is said of maintenance. Who is to hear of it is looked for then. A fact that comes again changes nothing."""
    for fact in facts:
        if isinstance(fact, Announced) and (taken := await store.take(tx, fact)) is not None:
            await store.walk(tx, _walks(*taken))


def _walks(before: Period | None, after: Period) -> Iterator[Walk]:
    """Yields whom to look through: those whom its audience names, when that is new, and those who were told of it, when there is news."""
    if before is None or before.called != after.called:
        yield Walk(after.id, after.called)
    if before is not None and before.news != after.news:
        yield Walk(after.id, after.news, told=True)
