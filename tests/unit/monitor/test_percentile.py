"""A percentile is known within 1 % whatever the numbers, their order and their pieces; each threshold of its rule on both sides."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.aggregates.counts import Counts
from services.monitor.aggregates.sketch import ERROR, LEAST, MOST, Sketch, added, is_number, percentile, range_of
from services.monitor.backtest import Backtest, Come
from services.monitor.detectors.percentile import is_dense, judge
from services.monitor.detectors.signal import View
from services.monitor.fold import partials
from services.monitor.fold.buckets import StoredCell, StoredCells
from services.monitor.fold.partition import Partition
from services.monitor.rules.file import RulesFile
from services.monitor.windows.window import Part, Window
from shared.events import ProductEvent
from tests.builders import event
from tests.unit.monitor.builders import HORIZON, LATER, START, percentile_rule, request

RULE = percentile_rule()


def sketch_of(numbers: Sequence[float]) -> Sketch:
    return Counter(map(range_of, numbers))


def nearest_rank(numbers: Sequence[float], percent: float) -> float:
    """Returns the percentile, found the slow way."""
    return sorted(numbers)[math.ceil(round(len(numbers) * percent / 100, 9)) - 1]


positive = st.floats(1e-3, 1e9)
percents = st.sampled_from([0.1, 1, 50, 90, 95, 99, 99.9])


@given(st.lists(positive, min_size=1, max_size=200), percents)
def test_a_percentile_is_within_its_error(numbers: list[float], percent: float) -> None:
    found, true = percentile(sketch_of(numbers), percent), nearest_rank(numbers, percent)
    assert found is not None
    assert abs(found - true) <= (ERROR + 1e-9) * true


@given(st.lists(st.lists(positive, max_size=30), max_size=8), st.randoms(use_true_random=False))
def test_sketches_of_pieces_in_any_order_add_up_to_that_of_the_whole(pieces: list[list[float]], dice: random.Random) -> None:
    whole = sketch_of([each for piece in pieces for each in piece])
    dice.shuffle(pieces)
    assert added(map(sketch_of, pieces)) == whole


@pytest.mark.parametrize(
    ("number", "shown"), [(0, 0), (-5, 0), (LEAST, 0), (10**400, MOST), (float("inf"), MOST), (1e300, MOST), (1, 1), (812.5, 812.5)]
)
def test_numbers_at_the_ends_have_a_place(number: float, shown: float) -> None:
    found = percentile(sketch_of([number]), 50)
    assert found == pytest.approx(shown, rel=ERROR)
    assert range_of(LEAST) <= range_of(number) <= range_of(MOST)


@pytest.mark.parametrize("said", [True, None, "800", float("nan"), [1]])
def test_what_is_no_number_has_none(said: object) -> None:
    assert not is_number(said)


# ── one window ───────────────────────────────────────────────────────────────────────────────


def view(slow: int, fast: int, customers: int = 3, latency: float = 900) -> View:
    return View(Counts(slow + fast, slow, customers), numbers=sketch_of([latency] * slow + [100] * fast))


@pytest.mark.parametrize(
    ("seen", "failing", "calm", "unclear"),
    [
        (view(6, 94), True, False, False),  # one of more than five of a hundred
        (view(5, 95), False, True, False),  # five are as many as may be
        (view(4, 46), True, False, False),
        (view(49, 0), False, False, False),  # one number too few
        (view(50, 0, customers=2), False, False, False),  # one customer too few
        (view(50, 0, latency=700), False, False, False),  # between both it is not calm
        (view(50, 0, latency=590), False, True, False),
        (view(0, 20), False, True, False),
        (view(0, 19), False, False, True),  # too few to say that all is well
        (View(Counts()), False, False, True),  # silence is no evidence
    ],
)
def test_a_window_at_the_thresholds(seen: View, failing: bool, calm: bool, unclear: bool) -> None:
    signal = judge(RULE, seen, 0.0)
    assert (signal.failing, signal.calm, signal.unclear) == (failing, calm, unclear)


def test_a_signal_says_the_percentile_and_its_error() -> None:
    why = judge(RULE, view(60, 40), 0.0).why
    assert why.pop("value") == pytest.approx(900, rel=ERROR)
    assert why == {
        "percentile": 95.0,
        "number": "data.latency_ms",
        "within": ERROR,
        "events": 100,
        "bad_events": 60,
        "customers": 3,
        "window_seconds": 15.0,
        "opens_at": {"value": 800.0, "events": 50, "customers": 3},
        "resolves_below": {"value": 600.0, "events": 20, "calm_seconds": 10.0},
    }


def test_trouble_began_in_the_first_bucket_that_is_slow_by_itself() -> None:
    assert is_dense(RULE, view(1, 0))
    assert not is_dense(RULE, view(1, 99))
    assert not is_dense(RULE, View(Counts()))


def test_what_affects_a_customer_is_the_number_or_what_the_rule_calls_bad() -> None:
    assert list(RULE.counting.bad) == ["data.latency_ms"]
    assert percentile_rule(bad={"data.ok": False}).counting.bad == {"data.ok": False}
    assert percentile_rule(number="data.bytes", bad={"data.ok": False}).fingerprint != percentile_rule(bad={"data.ok": False}).fingerprint


# ── events ───────────────────────────────────────────────────────────────────────────────────


def took(at: float, said: Any, *, customer: str = "c-1", component: str = "checkout") -> ProductEvent:
    plain = request(at, customer=customer, component=component)
    return event(f"{plain.id}/{said!r}", subject=customer, at=plain.time, data={"component": component, "latency_ms": said})


moments = st.integers(0, 40).map(float)
told = st.lists(
    st.builds(
        took,
        moments,
        st.one_of(st.integers(1, 5000), st.sampled_from([True, None, "90"])),
        customer=st.sampled_from(["c-1", "c-2", "c-3"]),
        component=st.sampled_from(["checkout", "search"]),
    ),
    max_size=40,
    unique_by=lambda each: each.id,
)


@given(told, st.integers(1, 9))
def test_the_fold_sketches_each_number_once_and_partitions_add_up(events: list[ProductEvent], at_once: int) -> None:
    partitions = [Partition([RULE], HORIZON) for _ in range(3)]
    for at in range(0, len(events), at_once):
        for number, partition in enumerate(partitions):
            partition.fold([each for each in events[at : at + at_once] * 2 if each.subject == f"c-{number + 1}"], LATER)
    for component in ("checkout", "search"):
        window, watches = Window(), [partition.watches[RULE.id] for partition in partitions]
        for number, watch in enumerate(watches):
            cells, sketches = watch.buckets.changes().get(component, []), watch.buckets.sketches().get(component, {})
            for piece in partials.series(RULE, component, number, LATER, cells, sketches):
                window.merge(number, piece.watermark, piece.buckets, numbers=piece.numbers)
        assert window.numbers(RULE.counting, int(START) + 40) == sketch_of(within(events, component))


def within(events: Sequence[ProductEvent], component: str) -> list[int]:
    """Returns the numbers of the last 15 s of a component."""
    ours = [each for each in events if each.data["component"] == component and type(each.data["latency_ms"]) is int]
    return [each.data["latency_ms"] for each in ours if each.time.timestamp() > START + 40 - 15]


def slow_story(seconds: int, begins: int, ends: int) -> list[ProductEvent]:
    """Returns seconds of twenty customers; while it is slow, the first four wait long."""
    return [
        took(at + number / 20, 950 if begins <= at < ends and number < 4 else 100 + number, customer=f"c-{number}")
        for at in range(seconds)
        for number in range(20)
    ]


def test_a_slow_component_is_one_incident_of_those_who_waited_and_ends_when_it_is_fast_again() -> None:
    backtest = Backtest(RulesFile(rules=[RULE]))
    backtest.follow(Come(each, LATER) for each in slow_story(90, 30, 50))
    backtest.end()
    [found] = backtest.incidents
    assert (found.started_at, set(found.customers)) == (START + 30, {"c-0", "c-1", "c-2", "c-3"})
    assert found.opened_at < START + 36, "a twentieth of 300 is what four of twenty are in four seconds"
    assert found.ended_at is not None
    assert START + 60 <= found.ended_at <= START + 80


def test_a_sketch_comes_back_from_the_store_and_what_was_stored_without_one_is_read() -> None:
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.Decoder(StoredCells).decode
    whole, again = Partition([RULE], HORIZON), Partition([RULE], HORIZON)
    whole.fold(slow_story(3, 0, 3), LATER)
    buckets = again.watches[RULE.id].buckets
    for stored in whole.watches[RULE.id].buckets.take_changes(LATER):
        buckets.restore(stored.start, decode(encode(stored.cells)))
    for partition in (whole, again):
        partition.fold([took(2.5, 700, customer="c-9")], LATER)
    assert buckets.sketches() == whole.watches[RULE.id].buckets.sketches() != {}
    old = decode(encode({"checkout": (3, 1, START, 1, START)}))
    assert old == {"checkout": StoredCell(3, 1, START, 1, START, None)}
    assert msgspec.msgpack.decode(encode((3, 1, 1, START)), type=Part) == Part(3, 1, 1, START)


def test_the_largest_sketches_are_cut_into_messages_that_have_room() -> None:
    sketch = dict.fromkeys(range(range_of(LEAST), range_of(MOST) + 1), 2**31)
    cells = [(int(START) + number, 2**31, 2**31, 2**31, START + 0.123456) for number in range(100)]
    folded = list(partials.series(RULE, "checkout", 3, LATER, cells, {start: sketch for start, *_ in cells}))
    assert max(map(partials.size, folded)) < partials.LARGEST
    assert [bucket for each in folded for bucket in each.buckets] == cells
    assert sum(len(each.numbers) for each in folded) == 100
