"""Coverage and lead time of an incident follow from its counted customers."""

from services.ticketing.measures import Reach, measured


def test_coverage_is_the_part_that_was_told_before_it_wrote() -> None:
    measures = measured("i-1", Reach(affected=7, told=5, told_before_contact=4, lead_time=120), tickets=5, linked=4)
    assert (measures.affected, measures.told, measures.told_before_contact, measures.linked) == (7, 5, 4, 4)
    assert measures.coverage == 4 / 7
    assert measures.lead_time_median_s == 120


def test_an_incident_that_touched_nobody_has_no_coverage() -> None:
    measures = measured("i-1", Reach(0, 0, 0, None), tickets=0, linked=0)
    assert (measures.coverage, measures.lead_time_median_s) == (None, None)
