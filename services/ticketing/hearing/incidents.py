"""`incidents.v1`: incidents are kept with the customers they touch. What follows for tickets is due work, done after the commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.ticketing.hearing.customers import erasures_of
from services.ticketing.incident import IncidentFact, updated
from services.ticketing.store import due, impact, incidents, tickets
from shared.events import Affected, Fact, IncidentImpact
from shared.postgres import Tx
from shared.timers import schedule


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps each incident as its highest revision says it is, and the impact, which only people make smaller. A repeat changes nothing."""
    now = await tickets.now(tx)
    touched = [each.customer_id for fact in facts if isinstance(fact, IncidentImpact) for each in fact.data.customers]
    erased = await erasures_of(tx, touched)
    for fact in facts:
        if isinstance(fact, IncidentImpact):
            await impact.save(tx, fact, [each for each in fact.data.customers if _is_current(each, erased)], now)
            await impact.take_out(tx, fact)
        elif isinstance(fact, IncidentFact):
            await _on_incident(tx, fact, now)


def _is_current(affected: Affected, erased: Mapping[str, datetime]) -> bool:
    """Says whether the incident has touched the customer since they were erased, or they never were."""
    at = erased.get(affected.customer_id)
    return at is None or affected.last_seen_at > at


async def _on_incident(tx: Tx, fact: IncidentFact, now: datetime) -> None:
    known = await incidents.incident(tx, fact.data.incident_id)
    incident = updated(known, fact)
    if incident is None:
        return
    await incidents.save(tx, incident, fact)
    if known is None:
        await impact.match_all_of(tx, incident.id, now)
    if incident.end is not None and incident.end != (known.end if known else None):
        await schedule(tx, due.END, {incident.id: now})
