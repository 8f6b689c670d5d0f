"""The table of the rules that find the trouble of one incident, where there are several."""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from services.monitor.incidents.grouping import Member
from services.monitor.incidents.known import RecentIncident
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def members_of(tx: Tx, incidents: Collection[str]) -> dict[str, list[Member]]:
    """Returns the rules that find the trouble of each of these incidents; of one that a single rule finds none."""
    found: dict[str, list[Member]] = {}
    for row in await tx.fetch(queries.members_of, list(incidents)):
        found.setdefault(row["incident_id"], []).append(Member(row["rule"], row["failing"], row["said"]))
    return found


async def joined_series(tx: Tx, within: timedelta) -> list[RecentIncident]:
    """Returns the series whose trouble counts for the incident of another: whom they find is touched by that one."""
    return [
        RecentIncident(
            f"{row['incident_id']}/{row['rule']}/{row['component']}",
            row["rule"],
            row["component"],
            row["started_at"],
            row["ended_at"],
            row["opened_at"],
            shadow=row["shadow"],
            merged_into=row["incident_id"],
        )
        for row in await tx.fetch(queries.joined_series, within)
    ]
