"""Facts about an incident: the highest revision counts."""

from itertools import permutations

import pytest

from services.ticketing.incident import Ending, Incident, IncidentFact, updated
from tests.unit.ticketing.builders import NOW, dismissed, minutes, opened, reopened, resolved, withdrawn


def after(*facts: IncidentFact) -> Incident | None:
    incident: Incident | None = None
    for fact in facts:
        incident = updated(incident, fact) or incident
    return incident


def test_a_repeated_end_does_not_end_a_reopened_incident() -> None:
    end = resolved(revision=1)
    incident = after(opened(), end, reopened(revision=2), end, end.model_copy(update={"id": "said by another relay"}))
    assert incident is not None
    assert (incident.end, incident.revision) == (None, 2)


def test_in_any_order_the_last_revision_counts() -> None:
    facts: list[IncidentFact] = [resolved(revision=1), reopened(revision=2), resolved(revision=3, at=NOW + minutes(5))]
    for order in permutations(facts):
        incident = after(*order)
        assert incident is not None
        assert incident.end is not None
        assert (incident.end.at, incident.end.revision) == (NOW + minutes(5), 3)


def test_facts_of_versions_that_counted_no_revisions_end_an_incident_once() -> None:
    incident = after(opened(), resolved(revision=0))
    assert incident is not None
    assert incident.end is not None
    assert updated(incident, resolved(revision=0, at=NOW + minutes(5))) is None
    assert updated(incident, opened()) is None
    assert updated(after(opened(), resolved(revision=1), reopened(revision=2)), resolved(revision=0)) is None


@pytest.mark.parametrize(("fact", "how"), [(withdrawn(), Ending.WITHDRAWN), (dismissed(), Ending.DISMISSED), (resolved(), Ending.RESOLVED)])
def test_an_incident_ends_in_one_of_three_ways(fact: IncidentFact, how: Ending) -> None:
    incident = after(opened(), fact)
    assert incident is not None
    assert incident.end is not None
    assert incident.end.how is how
    assert incident.may_be_meant is (how is Ending.RESOLVED)
