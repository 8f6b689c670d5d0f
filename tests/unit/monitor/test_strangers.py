"""Components that nobody named are limited and forgotten; those that somebody named, or that have an open incident, are not."""

import pytest

from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import DUPLICATE, LATE, NOT_OURS, QUIET, REFUSED, TAKEN, Watch
from services.monitor.rules.ratio import RatioRule
from services.monitor.windows.strangers import HEARD_WITHIN, Strangers
from tests.unit.monitor.builders import HORIZON, START, request, rule

KEPT = 15.0 + HORIZON
PAST = START + 30 * 86_400.0  # the wall clock, when all of a story is past
DISTINCT = 150_000


class Fold:
    """A partition with a checkpoint whenever the test says so."""

    def __init__(self, by: RatioRule | None = None, *, limit: int = 100, named: tuple[str, ...] = ()) -> None:
        self.partition = Partition([by or rule()], HORIZON, limit, frozenset({"always", *named}))
        self.held: set[str] = set()

    @property
    def watch(self) -> Watch:
        (only,) = self.partition.watches.values()
        return only

    def take(self, at: float, component: str) -> int:
        [fate] = self.partition.fold([request(at, component=component)], PAST)
        return fate

    def checkpoint(self, *, held: tuple[str, ...] = ()) -> None:
        clock = self.partition.clock
        for component in self.held.difference(held):
            self.watch.components.release(component, clock)
        for component in held:
            self.watch.components.hold(component)
        self.held = set(held)
        self.watch.buckets.take_changes(clock)
        self.watch.buckets.forget(clock)
        self.watch.forget_strangers(clock)

    def reach(self, at: float, *, held: tuple[str, ...] = ()) -> None:
        """Advances the partition's event time, by a named component that is always there."""
        self.take(at, "always")
        self.checkpoint(held=held)

    def entries(self) -> int:
        """Returns how many things are held of components, of whatever kind."""
        held, buckets = self.watch.components, self.watch.buckets
        of_components = len(held.watermarks) + len(held._strangers) + len(held.closed) + len(held._ahead)
        of_buckets = len(held._buckets) + len(held._resting) + len(buckets._starts) + sum(map(len, buckets.of.values()))
        return of_components + of_buckets


# ── in the fold ──────────────────────────────────────────────────────────────────────────────


def test_150_000_distinct_components_are_held_up_to_the_limit_and_a_named_one_is_still_counted() -> None:
    fold = Fold(limit=1_000, named=("checkout",))
    fates = fold.partition.fold([request(number / 1000, component=f"/orders/{number}") for number in range(DISTINCT)], PAST)
    assert (fates.count(TAKEN), fates.count(REFUSED)) == (1_000, DISTINCT - 1_000)
    assert fold.entries() <= 6 * 1_000
    assert fold.take(150, "checkout") == TAKEN
    assert fold.watch.refused == DISTINCT - 1_000


def test_after_a_flood_everything_is_let_go_by_event_time() -> None:
    fold = Fold(limit=1_000, named=("checkout",))
    fold.take(0, "checkout")
    for number in range(5_000):
        fold.take(number / 1000, f"/orders/{number}")
    fold.checkpoint()
    fold.reach(10 + KEPT)  # their buckets go
    assert len(fold.watch.watermarks) == 1_000 + 2
    fold.reach(10 + KEPT + QUIET + 1)
    assert set(fold.watch.watermarks) == {"checkout", "always"}
    assert fold.entries() <= 12


def test_a_named_component_is_never_pushed_out_by_strangers() -> None:
    fold = Fold(limit=2, named=("checkout",))
    fold.take(0, "checkout")
    fold.checkpoint()
    for round_ in range(1, 20):
        for number in range(5):
            fold.take(round_ * 2 * KEPT + number, f"stranger-{round_}-{number}")
        fold.checkpoint()
    assert "checkout" in fold.watch.watermarks
    assert len(fold.watch.watermarks) == 2 + 1
    assert fold.take(0, "checkout") == DUPLICATE  # it came before: known, and not a new component of long ago


def test_a_named_component_that_comes_for_the_first_time_is_not_late_because_strangers_were_forgotten() -> None:
    fold = Fold(limit=1, named=("checkout",))
    fold.take(1000, "stranger")
    fold.checkpoint()
    fold.reach(1000 + KEPT + 1)
    assert fold.take(1000 + KEPT, "new") == TAKEN
    assert "stranger" not in fold.watch.watermarks  # it made room
    assert fold.take(500, "another") == LATE
    assert fold.take(500, "checkout") == TAKEN


def test_a_component_with_an_open_incident_is_neither_refused_nor_forget_quiet() -> None:
    fold = Fold(limit=2)
    fold.take(0, "failing")
    fold.checkpoint(held=("failing",))
    fold.reach(2 * KEPT + QUIET, held=("failing",))
    assert "failing" in fold.watch.watermarks
    fold.take(2 * KEPT + QUIET + 1, "other")
    assert fold.take(2 * KEPT + QUIET + 2, "refused") == REFUSED
    fold.checkpoint(held=("unseen", "failing"))
    assert fold.take(2 * KEPT + QUIET + 3, "unseen") == TAKEN  # say, another process opened it
    fold.checkpoint(held=("unseen",))
    fold.reach(2 * (2 * KEPT + QUIET), held=("unseen",))
    assert "failing" not in fold.watch.watermarks


def test_a_stranger_that_comes_once_a_day_stays_known() -> None:
    fold = Fold()
    for day in range(5):
        fold.take(day * 86_400, "nightly")
        fold.reach(day * 86_400 + 40_000)
        assert "nightly" in fold.watch.watermarks
    fold.reach(4 * 86_400 + 40_000 + KEPT + 1)  # its buckets go
    fold.reach(4 * 86_400 + 40_000 + KEPT + QUIET + 2)
    assert "nightly" not in fold.watch.watermarks
    assert fold.take(4 * 86_400, "nightly") != TAKEN  # it was counted: late or known from now on


def test_a_rule_with_only_looks_at_nothing_else_and_knows_its_own_whatever_the_limit() -> None:
    fold = Fold(rule(only=["checkout", "search", "login"]), limit=1)
    assert [fold.take(1, each) for each in ("checkout", "search", "login", "basket")] == [TAKEN, TAKEN, TAKEN, NOT_OURS]


def test_a_rule_without_only_counts_as_before_and_one_with_it_counts_anew() -> None:
    assert rule().fingerprint == rule(only=[]).fingerprint == "a1481ee8afcd"
    assert rule(only=["a", "b"]).fingerprint == rule(only=["b", "a"]).fingerprint != rule().fingerprint


# ── in detection ─────────────────────────────────────────────────────────────────────────────


def strangers(limit: int = 100, *named: str) -> Strangers:
    return Strangers({"failing": frozenset(named)}, limit)


def test_150_000_distinct_components_leave_no_more_windows_than_the_limit() -> None:
    held, known = strangers(1_000, "checkout"), {("failing", "checkout")}
    held.hear(("failing", "checkout"), 0, 0, START, PAST)
    for number in range(DISTINCT):
        key = "failing", f"/orders/{number}"
        known.add(key)
        held.hear(key, 0, number % 10, START + number / 1000, PAST)
        if number % 500 == 0:
            known -= set(held.forget_quiet(PAST))
            assert len(known) <= 1_000 + 1
    known -= set(held.forget_quiet(PAST))
    assert ("failing", "checkout") in known
    assert ("failing", f"/orders/{DISTINCT - 1}") in known  # the quietest go first
    for partition in range(10):
        held.hear(("failing", "checkout"), 0, partition, START + 150 + QUIET + 1, PAST)
    known -= set(held.forget_quiet(PAST))
    assert (known, held._heard) == ({("failing", "checkout")}, {})


def test_one_that_must_stay_comes_up_again_after_as_long_a_time() -> None:
    held, incident = strangers(2), ("failing", "broken")
    held.hear(incident, 0, 0, START, PAST)
    for number in range(10):
        held.hear(("failing", f"s-{number}"), 0, 0, START + number, PAST)
    assert incident in held.forget_quiet(PAST)
    held.keep(incident, 0, PAST)
    held.hear(("failing", "s-9"), 0, 0, START + 9 + QUIET, PAST)
    assert incident not in held.forget_quiet(PAST)
    held.hear(("failing", "s-9"), 0, 0, START + 10 + QUIET, PAST)
    assert incident in held.forget_quiet(PAST)


def test_quiet_is_measured_by_the_partition_that_is_furthest_behind_while_it_speaks() -> None:
    held = strangers()
    held.hear(("failing", "a"), 0, 0, START, PAST)
    held.hear(("failing", "b"), 0, 1, START, PAST)
    held.hear(("failing", "b"), 0, 1, START + 2 * QUIET, PAST)
    assert held.forget_quiet(PAST) == []  # partition 0 may still have much to say of "a"
    later = PAST + HEARD_WITHIN + 1
    held.hear(("failing", "b"), 0, 1, START + 2 * QUIET, later)
    assert held.forget_quiet(later) == [("failing", "a")]


def test_a_watermark_far_ahead_of_our_clock_makes_nobody_quiet() -> None:
    held = strangers()
    held.hear(("failing", "a"), 0, 0, START, START)
    held.hear(("failing", "forged"), 0, 0, START + 10 * 365 * 86_400, START)
    assert held.forget_quiet(START) == []


def test_what_was_loaded_is_quiet_from_the_latest_of_all_it_shows() -> None:
    held = strangers(2)
    held.restore([(("failing", f"s-{number}"), 0, START + number) for number in range(5)])
    assert set(held.forget_quiet(PAST)) == {("failing", "s-0"), ("failing", "s-1"), ("failing", "s-2")}
    held.hear(("failing", "s-4"), 0, 0, START + 4 + QUIET, PAST)
    assert held.forget_quiet(PAST) == []
    held.hear(("failing", "s-4"), 0, 0, START + 4 + QUIET + 0.001, PAST)
    assert held.forget_quiet(PAST) == [("failing", "s-3")]


@pytest.mark.parametrize("home", [0, 1])
def test_the_limit_holds_for_each_partition_of_the_partials(home: int) -> None:
    held = strangers(1)
    held.hear(("failing", "a"), 0, 0, START, PAST)
    held.hear(("failing", "b"), home, 0, START, PAST)
    assert held.forget_quiet(PAST) == ([] if home else [("failing", "a")])
