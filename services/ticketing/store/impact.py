"""The customers whom incidents touch, and the pieces of impact whose customers' tickets are still to be matched."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.ticketing.change import Cause
from services.ticketing.incident import Evidence
from services.ticketing.matching.match import Candidates
from services.ticketing.store.due import MATCH
from services.ticketing.store.incidents import incident_of
from services.ticketing.store.rows import columns
from shared.events import Affected, Fact, IncidentImpact, IncidentSplit
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_name("impact.sql"))


@dataclass(frozen=True, slots=True)
class Piece:
    """Customers of an incident whose tickets are still to be matched."""

    incident_id: str
    customers: Sequence[str]
    cause: Cause


async def candidates(tx: Tx, customers: Mapping[str, str], since: datetime) -> Mapping[str, Candidates]:
    """Returns, for each ticket, given with its customer, the incidents that it may be about and that nobody has linked or suggested yet.

    They go on, or ended after `since`.
    """
    found = defaultdict(list)
    if customers:
        for row in await tx.fetch(queries.candidates, list(customers), list(customers.values()), since):
            evidence = Evidence(row["certainty"], row["first_seen_at"], row["last_seen_at"], row["count"])
            found[row["ticket_id"]].append((incident_of(row), evidence))
    return found


async def save(tx: Tx, fact: IncidentImpact, customers: Sequence[Affected], at: datetime) -> None:
    """Keeps that the incident touches these customers of the fact, and has their tickets matched when `tx` is committed."""
    await _keep(tx, fact, fact.data.incident_id, customers, at)


async def _keep(tx: Tx, fact: Fact, incident_id: str, customers: Sequence[Affected], at: datetime) -> None:
    merged: dict[str, Affected] = {each.customer_id: each for each in customers}
    rows = [(each.customer_id, each.certainty, each.first_seen_at, each.last_seen_at, each.count) for each in merged.values()]
    if rows:
        await tx.execute(queries.save_impact, incident_id, *columns(rows))
        await tx.execute(queries.save_impact_to_match, fact.id, incident_id, list(merged), fact.hops)
        await schedule(tx, MATCH, {fact.id: at})


async def take_out(tx: Tx, fact: IncidentImpact) -> None:
    """Forgets whom people took out of the incident: their tickets are not about it by what it touches. Links that stand stay."""
    if fact.data.removed:
        await tx.execute(queries.take_out_of_impact, fact.data.incident_id, list(fact.data.removed))


async def split(tx: Tx, fact: IncidentSplit, customers: Sequence[Affected], at: datetime) -> None:
    """Keeps that another incident touches these customers now: of each of the two in order with its other facts."""
    if fact.data.incident_id == fact.data.into_id:
        await _keep(tx, fact, fact.data.into_id, customers, at)
    else:
        await tx.execute(queries.take_out_of_impact, fact.data.incident_id, [each.customer_id for each in fact.data.customers])


async def match_all_of(tx: Tx, incident_id: str, at: datetime) -> None:
    """Has the impact matched that came before its incident was known."""
    await schedule(tx, MATCH, {row["id"]: at for row in await tx.fetch(queries.impact_to_match_of, incident_id)})


async def to_match(tx: Tx, piece_id: str) -> Piece | None:
    row = await tx.fetchrow(queries.impact_to_match, piece_id)
    return Piece(row["incident_id"], row["customers"], Cause(row["id"], row["hops"])) if row else None


async def matched(tx: Tx, piece_id: str) -> None:
    """Notes that the tickets of this piece's customers have been matched."""
    await tx.execute(queries.matched_impact, piece_id)
