"""Coverage and lead time of an incident, as its counted customers say."""

from services.ticketing.outcome import Contacts, judge


def test_coverage_is_the_part_that_was_told_before_it_wrote() -> None:
    outcome = judge("i-1", Contacts(affected=7, told=5, told_before_contact=4, lead_time=120), tickets=5, linked=4)
    assert (outcome.affected, outcome.told, outcome.told_before_contact, outcome.linked) == (7, 5, 4, 4)
    assert outcome.coverage == 4 / 7
    assert outcome.lead_time_median_s == 120


def test_an_incident_that_touched_nobody_has_no_coverage() -> None:
    outcome = judge("i-1", Contacts(0, 0, 0, None), tickets=0, linked=0)
    assert (outcome.coverage, outcome.lead_time_median_s) == (None, None)
