"""`incidents.v1`: incidents and candidates are kept as their highest revision says they are, and the customers whom incidents touch."""

from collections.abc import Iterable, Mapping, Sequence

from services.console.hearing.erased import unless_erased
from services.console.hearing.incident import IncidentFact, after, line_of
from services.console.hearing.suspected import candidates_of
from services.console.live.changes import changed, customer_key, enter
from services.console.store import candidates, impact, incidents, timeline
from services.console.store.impact import Touched
from services.console.store.incidents import Incident
from shared.events import Fact, IncidentImpact, IncidentShadowed, IncidentSplit, Maintenance
from shared.postgres import Tx


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps incidents, their time lines and whom they touch. A fact that comes again changes nothing."""
    await enter(tx)
    touched = await unless_erased(tx, [(each.customer_id, each.last_seen_at, each) for each in _touched(facts)])
    moved, merged = await _moved(tx, [fact for fact in facts if isinstance(fact, IncidentFact)])
    if moved:
        await incidents.save(tx, moved.values())
    suspected = candidates_of(facts)
    if suspected:
        await candidates.save(tx, suspected)
    await impact.touch(tx, touched)
    removed = _removed(facts)
    await impact.untouch(tx, removed)
    for split in (fact.data for fact in facts if isinstance(fact, IncidentSplit)):
        await impact.split(tx, split.from_ids, split.into_id, [each.customer_id for each in split.customers])
    for each, into in merged.items():
        await impact.merge(tx, each, into)
    ids = moved.keys() | {each.incident_id for each in touched} | {each for each, _ in removed} | {*merged.values()}
    ids |= {each.id for each in suspected}
    heard = ids or suspected or any(isinstance(fact, IncidentShadowed) for fact in facts)  # of these monitor's own list is shown
    of_maintenance = ["maintenance"] if any(isinstance(fact.data, Maintenance) for fact in facts) else []
    customers = {each.customer_id for each in touched} | {customer for _, customer in removed}
    of_incidents = ["incidents"] if heard else []
    keys = [*(f"incident:{each}" for each in ids), *map(customer_key, sorted(customers))]
    await changed(tx, [*of_incidents, *of_maintenance, *keys])


async def _moved(tx: Tx, facts: Sequence[IncidentFact]) -> tuple[Mapping[str, Incident], Mapping[str, str]]:
    """Returns the incidents that these facts change, as they are after them, and those of them that they merge into which others."""
    new = await timeline.add(tx, map(line_of, facts))
    if not new:
        return {}, {}
    known = await incidents.known(tx, {fact.data.incident_id for fact in facts if fact.id in new})
    moved: dict[str, Incident] = {}
    for fact in {fact.id: fact for fact in facts if fact.id in new}.values():
        before = moved.get(fact.data.incident_id) or known.get(fact.data.incident_id)
        if (now := after(before, fact)) is not None:
            moved[now.id] = now
    merged = {
        each.id: each.merged_into for each in moved.values() if each.merged_into and _merged_into(known.get(each.id)) != each.merged_into
    }
    return moved, merged


def _merged_into(incident: Incident | None) -> str | None:
    return incident.merged_into if incident is not None else None


def _removed(facts: Sequence[Fact]) -> set[tuple[str, str]]:
    """Returns whom incidents touch no more, by a person's word, as far as nothing later of these facts says otherwise."""
    removed: set[tuple[str, str]] = set()
    for fact in facts:
        if isinstance(fact, IncidentImpact):
            removed |= {(fact.data.incident_id, each) for each in fact.data.removed}
            removed -= {(fact.data.incident_id, each.customer_id) for each in fact.data.customers}
        elif isinstance(fact, IncidentSplit) and fact.data.incident_id in fact.data.from_ids:
            removed |= {(fact.data.incident_id, each.customer_id) for each in fact.data.customers}
    return removed


def _touched(facts: Sequence[Fact]) -> Iterable[Touched]:
    for fact in facts:
        if isinstance(fact, IncidentImpact) or (isinstance(fact, IncidentSplit) and fact.data.incident_id == fact.data.into_id):
            for each in fact.data.customers:
                seen = each.first_seen_at, each.last_seen_at
                yield Touched(fact.data.incident_id, each.customer_id, each.certainty, *seen, each.count, fact.time)
