"""`incidents.v1`: incidents are kept with the customers they touch. What follows for tickets is due work, done after the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.ticketing.acts import incidents as acts
from services.ticketing.change import Cause
from services.ticketing.hearing.customers import erasures_of
from services.ticketing.incident import IncidentFact, updated
from services.ticketing.store import due, impact, incidents, links, tickets
from services.ticketing.store.changes import apply
from services.ticketing.ticket import FOREWARN
from shared.events import Affected, Fact, IncidentImpact, IncidentSplit
from shared.postgres import Tx
from shared.timers import schedule


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps each incident as its highest revision says it is, and the impact, which only people make smaller. A repeat changes nothing."""
    now = await tickets.now(tx)
    touched = [each.customer_id for fact in facts if isinstance(fact, IncidentImpact | IncidentSplit) for each in fact.data.customers]
    erased = await erasures_of(tx, touched)
    for fact in facts:
        if isinstance(fact, IncidentImpact):
            await impact.save(tx, fact, [each for each in fact.data.customers if _is_current(each, erased)], now)
            await impact.take_out(tx, fact)
        elif isinstance(fact, IncidentSplit):
            await impact.split(tx, fact, [each for each in fact.data.customers if _is_current(each, erased)], now)
            await _link_anew(tx, fact, now)
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


async def _link_anew(tx: Tx, fact: IncidentSplit, now: datetime) -> None:
    """Links tickets to the incident that their customers were split into. When that is over already, they go through its end."""
    data = fact.data
    linked = await links.linked_of_customers(tx, data.from_ids, [each.customer_id for each in data.customers]) if data.from_ids else []
    if linked:
        verdict = "the customer's trouble is another incident"
        await links.save(tx, [replace(link, unlinked_at=now, unlinked_by=FOREWARN, verdict=verdict) for _, link in linked])
        await apply(tx, [acts.split(ticket, link, data.into_id, now, Cause.of(fact)) for ticket, link in linked])
        await schedule(tx, due.END, {data.into_id: now})
