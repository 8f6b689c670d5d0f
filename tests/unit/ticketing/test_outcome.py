"""Coverage and lead time of an incident."""

from services.ticketing.outcome import judge
from tests.unit.ticketing.builders import NOW, minutes


def test_who_was_told_before_writing_or_never_wrote_was_told_in_time() -> None:
    contacts = [
        (NOW, None),  # told, never wrote
        (NOW, NOW + minutes(2)),
        (NOW, NOW + minutes(6)),
        (NOW, NOW),
        (NOW, NOW - minutes(1)),  # wrote first
        (None, NOW),
        (None, None),  # never told, never wrote
    ]
    outcome = judge("i-1", contacts, tickets=5, linked=4)
    assert (outcome.affected, outcome.told, outcome.told_before_contact) == (7, 5, 4)
    assert outcome.coverage == 4 / 7
    assert outcome.lead_time_median_s == 120


def test_an_incident_that_touched_nobody_has_no_coverage() -> None:
    outcome = judge("i-1", [], tickets=0, linked=0)
    assert (outcome.coverage, outcome.lead_time_median_s) == (None, None)
