"""One window is judged by the customers with bad events: each threshold on both sides."""

import pytest

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.distinct import is_dense, judge
from services.monitor.detectors.signal import View
from tests.unit.monitor.builders import distinct_rule


@pytest.mark.parametrize(
    ("counts", "failing", "calm", "unclear"),
    [
        (Counts(events=10, bad=10, customers=10), True, False, False),  # at the threshold
        (Counts(events=1_000_000, bad=10, customers=10), True, False, False),  # however many are well
        (Counts(events=1000, bad=1000, customers=9), False, False, False),  # one customer too few, however often they fail
        (Counts(events=3, bad=3, customers=3), False, False, False),  # at the resolving number it is not calm yet
        (Counts(events=50, bad=50, customers=2), False, True, False),
        (Counts(events=1, bad=0, customers=0), False, True, False),  # enough to say that all is well
        (Counts(), False, False, True),  # silence is no evidence
    ],
)
def test_a_window_at_the_thresholds(counts: Counts, failing: bool, calm: bool, unclear: bool) -> None:
    signal = judge(distinct_rule(), View(counts), 0.0)
    assert (signal.failing, signal.calm, signal.unclear) == (failing, calm, unclear)


def test_where_only_failures_are_said_silence_is_calm() -> None:
    silent = distinct_rule(resolve={"customers": 3, "events": 0})
    assert judge(silent, View(Counts()), 0.0).calm
    assert not judge(silent, View(Counts(events=3, bad=3, customers=3)), 0.0).calm


def test_a_signal_says_its_figures_against_the_thresholds() -> None:
    assert judge(distinct_rule(), View(Counts(events=300, bad=20, customers=12)), 0.0).why == {
        "customers": 12,
        "bad_events": 20,
        "events": 300,
        "window_seconds": 15.0,
        "opens_at": {"customers": 10},
        "resolves_below": {"customers": 3, "events": 1, "calm_seconds": 10.0},
    }


def test_trouble_began_in_the_first_bucket_with_its_share_of_the_customers() -> None:
    assert is_dense(distinct_rule(open={"customers": 30}), View(Counts(events=2, bad=2, customers=2)))
    assert not is_dense(distinct_rule(open={"customers": 30}), View(Counts(events=2, bad=2, customers=1)))
