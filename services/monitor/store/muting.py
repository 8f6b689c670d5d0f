"""The tables that say what mutes trouble, and which trouble was muted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from services.monitor import metrics
from services.monitor.incidents.muting import Muted, Mutes, Nearby, Quiet
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def mutes_of(tx: Tx, components: Collection[str], since: datetime, parents: Mapping[str, Collection[str]]) -> Mutes:
    """Returns what may mute trouble of these components that is seen at that moment of event time, or later."""
    periods = [
        Quiet(row["maintenance_id"], row["starts_at"], row["ends_at"], frozenset(row["components"]))
        for row in await tx.fetch(queries.quiet_periods, since)
    ]
    above = {parent for component in components for parent in parents.get(component, ())}
    if not periods and not above:
        return Mutes()
    near = await tx.fetch(queries.incidents_near, sorted(above.union(components)), since)
    return Mutes(periods, [Nearby(**row) for row in near], parents)


async def note(tx: Tx, muted: Sequence[Muted]) -> None:
    """Notes trouble that opened no incident: once for each rule, component and what muted it, with its latest figures."""
    latest = {(each.by.id, each.rule, each.component): each for each in muted}
    if not latest:
        return
    rows = [
        (each.by.by, each.by.id, each.rule, each.component, each.severity, each.title, each.started_at, each.at, dict(each.why))
        for _, each in sorted(latest.items())
    ]
    for row in await tx.fetch(queries.note_muted, *map(list, zip(*rows, strict=True))):
        if row["is_new"]:
            metrics.MUTED.labels(row["by"]).inc()
