"""One window is judged: each threshold on both sides."""

import pytest

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.ratio import judge
from services.monitor.detectors.signal import View
from tests.unit.monitor.builders import rule


@pytest.mark.parametrize(
    ("counts", "failing", "calm", "unclear"),
    [
        (Counts(events=200, bad=10, customers=10), True, False, False),  # at every threshold
        (Counts(events=201, bad=10, customers=10), False, False, False),  # just below the ratio
        (Counts(events=50, bad=50, customers=10), True, False, False),
        (Counts(events=49, bad=49, customers=10), False, False, False),  # one event too few
        (Counts(events=200, bad=200, customers=9), False, False, False),  # one customer too few
        (Counts(events=100, bad=1, customers=1), False, False, False),  # at the resolving ratio it is not calm yet
        (Counts(events=101, bad=1, customers=1), False, True, False),
        (Counts(events=1000, bad=0, customers=0), False, True, False),
        (Counts(events=50, bad=0, customers=0), False, True, False),  # enough to say that all is well
        (Counts(events=49, bad=0, customers=0), False, False, True),  # one event too few
        (Counts(), False, False, True),  # silence is no evidence
    ],
)
def test_a_window_at_the_thresholds(counts: Counts, failing: bool, calm: bool, unclear: bool) -> None:
    signal = judge(rule(), View(counts), 0.0)
    assert (signal.failing, signal.calm, signal.unclear) == (failing, calm, unclear)


def test_a_rule_may_want_another_number_of_events_for_an_end_than_for_an_opening() -> None:
    few = rule(resolve={"ratio": 0.01, "events": 5})
    assert judge(few, View(Counts(events=5)), 0.0).calm
    assert judge(few, View(Counts(events=4)), 0.0).unclear


def test_a_signal_says_its_figures_against_the_thresholds() -> None:
    assert judge(rule(), View(Counts(events=300, bad=20, customers=12)), 0.0).why == {
        "ratio": 0.0667,
        "events": 300,
        "bad_events": 20,
        "customers": 12,
        "window_seconds": 15.0,
        "opens_at": {"ratio": 0.05, "events": 50, "customers": 10},
        "resolves_below": {"ratio": 0.01, "events": 50, "calm_seconds": 10.0},
    }


def test_machines_have_no_customers_to_wait_for() -> None:
    machines = rule(open={"ratio": 0.5, "events": 2, "customers": 0})
    assert judge(machines, View(Counts(events=2, bad=1, customers=0)), 0.0).failing
