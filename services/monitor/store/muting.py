"""The tables that say what mutes trouble, and which trouble was muted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from services.monitor.incidents.muting import Muted, Mutes, Nearby, Quiet
from services.monitor.store.joining import members_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def mutes_of(
    tx: Tx, components: Collection[str], since: datetime, parents: Mapping[str, Collection[str]], grouping: timedelta = timedelta()
) -> Mutes:
    """Returns what may mute trouble of these components that is seen at that moment of event time, or later, and what it may join."""
    periods = [
        Quiet(row["maintenance_id"], row["starts_at"], row["ends_at"], frozenset(row["components"]))
        for row in await tx.fetch(queries.quiet_periods, since)
    ]
    above = {parent for component in components for parent in parents.get(component, ())}
    if not periods and not above and not grouping:
        return Mutes()
    near = await tx.fetch(queries.incidents_near, sorted(above.union(components)), since)
    members = await members_of(tx, [row["id"] for row in near]) if grouping and near else {}
    joined = {incident: frozenset(member.rule for member in found) for incident, found in members.items()}
    return Mutes(periods, [Nearby(**row, joined=joined.get(row["id"], frozenset())) for row in near], parents, grouping)


async def note(tx: Tx, muted: Sequence[Muted]) -> list[str]:
    """Notes trouble that opened no incident: once for each rule, component and what muted it, with its latest figures.

    Returns for each that is new what it was muted by.
    """
    latest = {(each.by.id, each.rule, each.component): each for each in muted}
    if not latest:
        return []
    rows = [
        (
            each.by.by,
            each.by.id,
            each.rule,
            each.component,
            each.severity,
            each.title,
            each.started_at,
            each.at,
            dict(each.why),
            each.shadow,
        )
        for _, each in sorted(latest.items())
    ]
    return [row["by"] for row in await tx.fetch(queries.note_muted, *map(list, zip(*rows, strict=True))) if row["is_new"]]
