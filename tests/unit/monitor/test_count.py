"""One window is judged by the number of its bad events: each threshold on both sides."""

import pytest

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.count import is_dense, judge
from services.monitor.detectors.signal import View
from tests.unit.monitor.builders import count_rule


@pytest.mark.parametrize(
    ("counts", "failing", "calm", "unclear"),
    [
        (Counts(events=20, bad=20, customers=5), True, False, False),  # at every threshold
        (Counts(events=1_000_000, bad=20, customers=5), True, False, False),  # however many are good
        (Counts(events=20, bad=19, customers=19), False, False, False),  # one failure too few
        (Counts(events=20, bad=20, customers=4), False, False, False),  # one customer too few
        (Counts(events=4, bad=4, customers=1), False, False, False),  # at the resolving count it is not calm yet
        (Counts(events=4, bad=3, customers=1), False, True, False),
        (Counts(events=1, bad=0, customers=0), False, True, False),  # enough to say that all is well
        (Counts(), False, False, True),  # silence is no evidence
    ],
)
def test_a_window_at_the_thresholds(counts: Counts, failing: bool, calm: bool, unclear: bool) -> None:
    signal = judge(count_rule(), View(counts), 0.0)
    assert (signal.failing, signal.calm, signal.unclear) == (failing, calm, unclear)


def test_where_only_failures_are_said_silence_is_calm() -> None:
    silent = count_rule(resolve={"count": 4, "events": 0})
    assert judge(silent, View(Counts()), 0.0).calm
    assert not judge(silent, View(Counts(events=4, bad=4)), 0.0).calm


def test_an_end_may_want_more_events_than_one() -> None:
    wants = count_rule(resolve={"count": 4, "events": 7})
    assert judge(wants, View(Counts(events=7, bad=3)), 0.0).calm
    assert judge(wants, View(Counts(events=6, bad=3)), 0.0).unclear


def test_a_signal_says_its_figures_against_the_thresholds() -> None:
    assert judge(count_rule(), View(Counts(events=300, bad=20, customers=12)), 0.0).why == {
        "bad_events": 20,
        "events": 300,
        "customers": 12,
        "window_seconds": 15.0,
        "opens_at": {"bad_events": 20, "customers": 5},
        "resolves_below": {"bad_events": 4, "events": 1, "calm_seconds": 10.0},
    }


def test_machines_have_no_customers_to_wait_for() -> None:
    machines = count_rule(open={"count": 4, "customers": 0})
    assert judge(machines, View(Counts(events=4, bad=4, customers=0)), 0.0).failing


def test_trouble_began_in_the_first_bucket_with_its_share_of_the_failures() -> None:
    assert is_dense(count_rule(open={"count": 30}), View(Counts(events=2, bad=2)))  # 15 buckets: two of thirty in each
    assert not is_dense(count_rule(open={"count": 30}), View(Counts(events=2, bad=1)))
