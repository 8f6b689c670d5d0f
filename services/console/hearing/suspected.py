"""What facts say of candidates: the latest of each. Pure."""

from collections.abc import Iterable

from services.console.store.candidates import Candidate
from shared.events import Fact, IncidentSuspected


def candidates_of(facts: Iterable[Fact]) -> list[Candidate]:
    """Returns each candidate once, as its highest revision says it is."""
    latest: dict[str, IncidentSuspected] = {}
    for fact in facts:
        if isinstance(fact, IncidentSuspected):
            known = latest.setdefault(fact.data.incident_id, fact)
            if fact.data.revision > known.data.revision:
                latest[fact.data.incident_id] = fact
    return [_candidate(fact) for fact in latest.values()]


def _candidate(fact: IncidentSuspected) -> Candidate:
    said = fact.data
    what = said.incident_id, said.rule, said.component, said.title
    return Candidate(*what, said.status, said.customers, said.found_at, fact.time, said.by, said.note, said.merged_into, said.revision)
