"""The windows of an objective are judged by how fast its error budget is spent: each threshold on both sides."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.burn import is_dense, judge
from services.monitor.detectors.signal import Signal, View
from services.monitor.incidents.judging import Step, let_go, steps
from services.monitor.incidents.life import Opened, Resolved, State
from services.monitor.rules.burn import FAST, SLOW, BurnRule
from services.monitor.windows.window import HORIZON, SUMMED, Buckets, Window, oldest
from tests.unit.monitor.builders import burn_rule

RULE = burn_rule()
COUNTING = RULE.counting
MINUTE, HOUR, DAY = 60, 3600, 86400
BEGIN = DAY * 20_000
WELL, SPENT = Counts(10_000, 0, 0), Counts(10_000, 10_000, 100)


def judged(
    long: Counts = WELL, short: Counts = WELL, longer: Counts = WELL, medium: Counts = WELL, *, known_for: float = DAY, by: BurnRule = RULE
) -> Signal:
    """Judges windows of an hour, 5 minutes, 6 hours and 30 minutes."""
    return judge(by, View(longer, {HOUR: long, 5 * MINUTE: short, 30 * MINUTE: medium}, known_for), 0.0)


def of(bad: int, events: int = 10_000) -> Counts:
    return Counts(events, bad, min(bad, 100))


# ── when it opens ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("long", "short", "failing"),
    [
        (of(145), of(145), True),
        (of(144), of(145), False),  # 14.4 times the budget is at the threshold, and not above it
        (of(145), of(144), False),
        (SPENT, of(144), False),  # it mattered, and is over
        (of(144), SPENT, False),  # it goes on, and does not matter yet
        (of(2, 99), SPENT, False),  # one event too few
        (of(2, 100), SPENT, True),
        (Counts(10_000, 9_999, 1), SPENT, False),  # one customer too few
    ],
)
def test_an_hour_and_its_last_five_minutes_are_above_14_4_times_the_budget(long: Counts, short: Counts, failing: bool) -> None:
    assert judged(long, short).failing == failing


@pytest.mark.parametrize(("longer", "medium", "failing"), [(of(61), of(61), True), (of(60), of(61), False), (of(61), of(60), False)])
def test_six_hours_and_their_last_thirty_minutes_are_above_6_times_the_budget(longer: Counts, medium: Counts, failing: bool) -> None:
    signal = judged(longer=longer, medium=medium)
    assert (signal.failing, signal.span) == (failing, 6 * HOUR if failing else HOUR)


@pytest.mark.parametrize(("known_for", "failing"), [(10 * MINUTE, False), (HOUR - 1, False), (HOUR, True)])
def test_nothing_opens_before_a_whole_hour_was_seen(known_for: float, failing: bool) -> None:
    assert judged(SPENT, SPENT, SPENT, SPENT, known_for=known_for).failing == failing


@pytest.mark.parametrize(("known_for", "failing"), [(6 * HOUR - 1, False), (6 * HOUR, True)])
def test_the_slow_pair_waits_for_six_hours(known_for: float, failing: bool) -> None:
    assert judged(longer=SPENT, medium=SPENT, known_for=known_for).failing == failing


# ── when it ends ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("short", "medium", "calm", "unclear"),
    [
        (of(0), of(0), True, False),
        (of(143), of(59), True, False),
        (of(144), of(0), False, False),
        (of(0), of(60), False, False),
        (of(0, 9), of(0), True, False),  # a twelfth of the hundred events of an hour
        (of(0, 8), of(0), False, True),
        (Counts(), Counts(), False, True),  # silence is no evidence
        (Counts(), of(60), False, False),
    ],
)
def test_it_is_calm_when_both_short_windows_are_below_with_events_enough(short: Counts, medium: Counts, calm: bool, unclear: bool) -> None:
    signal = judged(SPENT, short, SPENT, medium)
    assert (signal.failing and not calm, signal.calm, signal.unclear) == (False, calm, unclear)


def test_an_end_may_want_another_number_of_events() -> None:
    wants = burn_rule(resolve={"events": 50})
    assert judged(short=of(0, 50), by=wants).calm
    assert judged(short=of(0, 49), by=wants).unclear


def test_a_signal_says_all_burn_rates_against_the_thresholds() -> None:
    assert judged(of(200), of(1000), of(30), of(170), known_for=2 * HOUR).why == {
        "burn_rate_1h": 20.0,
        "burn_rate_5m": 100.0,
        "burn_rate_6h": None,  # not seen whole
        "burn_rate_30m": 17.0,
        "events": 10_000,
        "bad_events": 200,
        "customers": 100,
        "events_5m": 10_000,
        "objective": 99.9,
        "period_seconds": 30 * DAY,
        "window_seconds": HOUR,
        "opens_at": {
            "burn_rate_1h": 14.4,
            "burn_rate_5m": 14.4,
            "burn_rate_6h": 6.0,
            "burn_rate_30m": 6.0,
            "events": 100,
            "customers": 2,
        },
        "resolves_below": {"burn_rate_5m": 14.4, "burn_rate_30m": 6.0, "events_5m": 9, "calm_seconds": 300.0},
    }


# ── objectives of other periods ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("period", "fast", "slow"), [("30d", 14.4, 6.0), ("28d", 13.44, 5.6), ("7d", 3.36, 1.4), ("90d", 43.2, 18.0)])
def test_over_another_period_the_same_share_of_the_budget_is_spent(period: str, fast: float, slow: float) -> None:
    assert burn_rule(period=period).rates == {FAST: fast, SLOW: slow}


@pytest.mark.parametrize("changes", [{"objective": 100}, {"objective": 0}, {"period": "6d"}, {"period": "91d"}, {"window": "1h"}])
def test_an_objective_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        burn_rule(**changes)


def test_an_objective_so_low_that_nothing_opens_is_refused() -> None:
    with pytest.raises(ValidationError, match="this never opens: over 30 days it would take 144% of events that are bad"):
        burn_rule(objective=90)
    assert burn_rule(objective=93.1).budget == 0.069


# ── windows side by side ─────────────────────────────────────────────────────────────────────


def test_one_series_holds_both_pairs_in_buckets_that_are_fine_enough_for_five_minutes() -> None:
    assert (COUNTING.window, COUNTING.within, COUNTING.width, COUNTING.buckets) == (6 * HOUR, (300, 1800, HOUR), 60, 360)
    assert oldest(COUNTING, BEGIN) == BEGIN - (360 + HORIZON / 60 - 1) * 60


def told(minutes: range, bad: int = 0, events: int = 100, partitions: int = 2) -> list[tuple[int, tuple[int, int, int, int, float]]]:
    """Returns reports of each minute: the partition, and a bucket."""
    return [
        (partition, (start, events, bad, min(bad, 5), float(start) if bad else 0.0))
        for start in (BEGIN + minute * MINUTE for minute in minutes)
        for partition in range(partitions)
    ]


def walk(reports: list[tuple[int, tuple[int, int, int, int, float]]], window: Window, state: State | None = None) -> list[Step]:
    """Merges reports one by one, and judges as they come."""
    walked: list[Step] = []
    state = state or State()
    for partition, bucket in reports:
        changed = window.merge(partition, bucket[0] + 59.0, [bucket], oldest(COUNTING, state.judged_to))
        for one in steps(RULE, "checkout", window, state, bucket[0] if changed is None else changed):
            state = one.state
            walked.append(one)
        let_go(RULE, state, window)
    return walked


def decided(walked: list[Step]) -> list[Any]:
    """Returns what opened and what ended."""
    return [step.decision for step in walked if isinstance(step.decision, Opened | Resolved)]


def test_an_outage_of_a_component_that_is_known_opens_within_minutes_and_ends_when_half_an_hour_is_clean() -> None:
    window = Window()
    walked = walk([*told(range(60)), *told(range(60, 66), bad=100), *told(range(66, 120))], window)
    [opened, resolved] = decided(walked)
    assert isinstance(opened, Opened)
    assert opened.started_at == BEGIN + 60 * MINUTE  # the first bad event, not the begin of the hour
    assert opened.why["burn_rate_1h"] > 14.4
    assert isinstance(resolved, Resolved)
    assert resolved.resolved_at == BEGIN + (65 + 30 + 5) * MINUTE


def test_a_component_that_appeared_ten_minutes_ago_opens_nothing_and_an_hour_later_does() -> None:
    assert decided(walk(told(range(59), bad=100), Window())) == []
    [opened] = decided(walk(told(range(61), bad=100), Window()))
    assert isinstance(opened, Opened)


def test_a_blip_hours_ago_is_not_where_later_trouble_began() -> None:
    window = Window()
    blip, leak = told(range(30, 31), bad=1), told(range(300, 530), bad=1)  # 1 % is ten times the budget
    [opened] = decided(walk([*told(range(30)), *blip, *told(range(31, 300)), *leak], window))
    assert isinstance(opened, Opened)
    assert opened.why["window_seconds"] == 6 * HOUR
    assert BEGIN + 300 * MINUTE <= opened.started_at <= BEGIN + 304 * MINUTE


def test_after_a_night_without_events_the_component_is_still_known() -> None:
    window = Window()
    first = walk(told(range(60)), window)
    [opened] = decided(walk(told(range(660, 665), bad=100), window, first[-1].state))
    assert isinstance(opened, Opened)


def test_what_no_event_can_reach_any_more_is_added_up_over_partitions() -> None:
    window = Window()
    walk([*told(range(30), partitions=10), *told(range(30, 31), bad=3, partitions=10), *told(range(31, 60), partitions=10)], window)
    assert set(window.buckets[BEGIN]) == {-(2**10 - 1)}
    assert set(window.buckets[BEGIN + 30 * MINUTE]) == set(range(10))  # customers may still fail again, and be taken out there
    assert set(window.buckets[BEGIN + 59 * MINUTE]) == set(range(10))
    assert window.counts(COUNTING, BEGIN + 59 * MINUTE) == Counts(60 * 10 * 100, 30, 30)
    # one who does is counted once
    window.merge(4, BEGIN + 3600, [(BEGIN + 30 * MINUTE, 100, 3, 0, 1.0), (BEGIN + 59 * MINUTE, 101, 1, 1, 1.0)])
    assert window.counts(COUNTING, BEGIN + 59 * MINUTE).customers == 28
    # and what comes again of a bucket that is settled adds nothing
    assert window.merge(4, BEGIN + 3600, [(BEGIN, 100, 0, 0, 0.0)]) is None


def stored(window: Window) -> int:
    """Returns how many bytes a series is stored with."""
    return len(msgspec.msgpack.encode((window.buckets, window.watermark, State())))


def test_six_hours_of_ten_partitions_are_stored_in_about_as_many_bytes_as_fifteen_seconds() -> None:
    long, short = Window(), Window()
    for partition, bucket in told(range(400), partitions=10):
        long.merge(partition, bucket[0] + 59.0, [bucket])
    let_go(RULE, State(judged_to=BEGIN + 399 * MINUTE), long)
    for second in range(60):
        for partition in range(10):
            short.merge(partition, BEGIN + second, [(BEGIN + second, 100, 0, 0, 0.0)])
    assert len(long.buckets) == 370
    assert stored(long) < 1.2 * stored(short) < 13_000


def test_a_partition_that_is_read_hours_after_the_others_still_counts_once() -> None:
    window = Window()
    first = [report for report in told(range(60), partitions=3) if report[0] != 1]
    state = walk(first, window)[-1].state
    late = [(1, bucket) for partition, bucket in told(range(60), partitions=1)]
    walk([*late, *late], window, state)
    assert set(window.buckets[BEGIN]) == {-0b111}
    assert window.counts(COUNTING, BEGIN + 59 * MINUTE).events == 60 * 3 * 100


def test_partitions_of_very_high_numbers_stand_for_themselves() -> None:
    window = Window()
    for partition in (0, 1, SUMMED - 1, SUMMED, SUMMED + 1):
        window.merge(partition, BEGIN + 3600, [(BEGIN, 100, 0, 0, 0.0)])
    for _ in range(2):
        window.settle(BEGIN + 60)
        assert set(window.buckets[BEGIN]) == {-(1 << SUMMED - 1 | 0b11), SUMMED, SUMMED + 1}
    assert window.counts(COUNTING, BEGIN).events == 500
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(window.buckets), type=Buckets) == window.buckets


reports = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 2), st.integers(0, 3), st.integers(0, 500)), max_size=60)


@given(reports, st.randoms(use_true_random=False))
def test_within_the_horizon_the_order_of_events_does_not_matter_and_letting_go_loses_nothing(story: list[Any], dice: Any) -> None:
    """Each of the story: minute, partition, bad events, and by how many seconds its report comes late."""
    cells: dict[tuple[int, int], list[int]] = {}
    coming = [*((minute, 0, 0, 0) for minute in range(81)), *story]
    dice.shuffle(coming)
    small, whole, state = Window(), Window(), State()
    for minute, partition, bad, _ in sorted(coming, key=lambda each: each[0] * MINUTE + each[3]):
        cell, start = cells.setdefault((minute, partition), [0, 0]), BEGIN + minute * MINUTE
        cell[0] += 10 + bad
        cell[1] += bad
        bucket = (start, *cell, cell[1], float(start) if cell[1] else 0.0)
        changed = small.merge(partition, start + 59.0, [bucket], oldest(COUNTING, state.judged_to))
        whole.merge(partition, start + 59.0, [bucket])
        for one in steps(RULE, "checkout", small, state, start if changed is None else changed):
            state = one.state
        let_go(RULE, state, small)
    assert state.seen_from == BEGIN
    for end in range(BEGIN + 70 * MINUTE, BEGIN + 81 * MINUTE, MINUTE):
        for seconds in (*COUNTING.within, None):
            assert small.counts(COUNTING, end, seconds=seconds) == whole.counts(COUNTING, end, seconds=seconds)


def test_a_bucket_is_dense_when_the_five_minutes_up_to_it_are_above_the_lowest_rate() -> None:
    assert is_dense(RULE, View(Counts(), {300: of(61)}))
    assert not is_dense(RULE, View(SPENT, {300: of(60)}))
