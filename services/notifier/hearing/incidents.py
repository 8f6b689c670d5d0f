"""`incidents.v1`: notifier writes down whom each incident touches, and what is known of it; of maintenance, `maintenance.py` does.

What follows for the customers it touches is work of its own, in pieces: `follow_up.py`.
"""

from collections.abc import Iterable, Sequence

from services.notifier.hearing import maintenance
from services.notifier.hearing.erased import unless_erased
from services.notifier.hearing.maintenance import on_maintenance
from services.notifier.hearing.rounds import rounds_of
from services.notifier.incident import Incident, Said
from services.notifier.notification import Draft, Kind, told_id
from services.notifier.operators.notices import notice_of
from services.notifier.store import deliveries, incidents, ledger, notices
from services.notifier.store.incidents import Place
from shared.events import (
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentSplit,
    IncidentUpdated,
    IncidentWithdrawn,
)
from shared.postgres import Tx

FACTS = (
    *(IncidentOpened, IncidentUpdated, IncidentReopened, IncidentImpact),
    *(IncidentResolved, IncidentWithdrawn, IncidentDismissed, IncidentSplit),
    *maintenance.FACTS,
)


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Everybody in an impact must know. What a fact about an incident changes for its customers is due then."""
    said = ((draft.customer_id, fact.time, draft) for fact in facts if isinstance(fact, IncidentImpact) for draft in _of_impact(fact))
    touched = await unless_erased(tx, said)  # before any row is locked: an erasure that waits for one must not be waited for
    places: dict[tuple[str, bool], Place] = {}
    for each in rounds_of(fact for fact in facts if isinstance(fact, Said)):
        taken = await incidents.take_incidents(tx, each)
        await notices.write(tx, [told for fact in each if fact.data.incident_id in taken and (told := notice_of(fact))])
        places |= {(place.incident_id, place.news): place for incident in taken.values() for place in _places(incident)}
    await ledger.put_back(tx, _put_in(facts))
    people = [draft for draft in touched if draft.evidence and "by" in draft.evidence]
    known = await ledger.told_as_of_another(tx, people)
    await ledger.write_down(tx, [draft for draft in touched if draft.id not in known])
    await _split(tx, [fact for fact in facts if isinstance(fact, IncidentSplit)])
    await deliveries.hasten(tx, notifications=await ledger.take_out_of(tx, _taken_out(facts)))
    await incidents.follow_up(tx, places.values())
    await on_maintenance(tx, facts)


def _places(incident: Incident) -> Iterable[Place]:
    """Yields what follows from a fact about this incident: for what hangs on it, and for those who are to hear its news."""
    yield Place(incident.id, incident.revision)
    if incident.news is not None and incident.news.revision == incident.revision and not incident.over:
        yield Place(incident.id, incident.revision, news=True)


def _of_impact(fact: IncidentImpact) -> Iterable[Draft]:
    said = fact.data.model_dump(mode="json", include={"customers"}, exclude_none=True)  # one call for all: an impact has 500
    for affected, seen in zip(fact.data.customers, said["customers"], strict=True):
        del seen["customer_id"]
        yield Draft(
            id=told_id(fact.data.incident_id, affected.customer_id),
            customer_id=affected.customer_id,
            kind=Kind.OPENED,
            about_at=affected.last_seen_at,
            cause_id=fact.id,
            cause_hops=fact.hops,
            incident_id=fact.data.incident_id,
            first_seen_at=affected.first_seen_at,
            evidence=seen,
        )


def _put_in(facts: Sequence[Fact]) -> set[tuple[str, str]]:
    """Returns whom people put into which impact: they may have been taken out before."""
    impacts = [fact.data for fact in facts if isinstance(fact, IncidentImpact)]
    return {(data.incident_id, each.customer_id) for data in impacts for each in data.customers if each.by is not None}


def _taken_out(facts: Sequence[Fact]) -> set[tuple[str, str]]:
    """Returns whom people took out of which impact, as far as nothing later of these facts puts them in."""
    removed: set[tuple[str, str]] = set()
    for fact in facts:
        if isinstance(fact, IncidentImpact):
            removed |= {(fact.data.incident_id, each) for each in fact.data.removed}
            removed -= {(fact.data.incident_id, each.customer_id) for each in fact.data.customers}
    return removed


async def _split(tx: Tx, facts: Sequence[IncidentSplit]) -> None:
    """Has what was told of one incident count for another. When that is over already, its customers are gone through once more."""
    for fact in facts:
        held = await ledger.split(tx, fact.data.from_ids, fact.data.into_id, [each.customer_id for each in fact.data.customers])
        await deliveries.hasten(tx, notifications=held)
    await incidents.follow_up(tx, await incidents.over(tx, {fact.data.into_id for fact in facts}))
