"""The fold forgets by event time: memory is bounded while it catches up, and no forgotten event counts a second time."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.aging import EVERY_OTHER, Ages, Components, Mark
from services.monitor.fold.partition import REMEMBERED, Account, Partition, above
from services.monitor.fold.seen import MINUTE
from services.monitor.fold.watch import DUPLICATE, FOUND_WITHIN, LATE, QUIET, REFUSED, TAKEN, Watch
from shared.events import ProductEvent
from tests.unit.monitor.builders import HORIZON, LATER, START, request, rule

WINDOW = 15.0
KEPT = WINDOW + HORIZON
FORGOTTEN = REMEMBERED * HORIZON  # after a minute last grew
EVER = (0.0, float("inf"))
PAST = START + 30 * 86_400.0  # the wall clock, when all of a story is past


class Fold:
    """A partition with a checkpoint whenever the test says so."""

    def __init__(self, components: int = 100, now: float = PAST) -> None:
        self.partition = Partition([rule(impact={"at_least": 1})], HORIZON, components)
        self.now = now

    @property
    def watch(self) -> Watch:
        (only,) = self.partition.watches.values()
        return only

    def take(self, *events: ProductEvent) -> list[int]:
        return [fate for each in events for fate in self.partition.fold([each], self.now)]

    def checkpoint(self) -> None:
        partition = self.partition
        self.watch.buckets.take_changes(partition.clock)
        self.watch.tallies.take_changes()
        self.watch.tallies.fresh.clear()
        self.watch.buckets.forget(partition.clock)
        self.watch.turn(partition.clock, self.now)
        self.watch.forget_strangers(partition.clock)
        partition.seen.fresh(partition.clock)
        for minute in partition.expired():
            partition.forget(minute)

    def reach(self, at: float, component: str = "elsewhere") -> None:
        """Advances the partition's event time, by another component; a checkpoint follows."""
        self.take(request(at, component=component))
        self.checkpoint()


# ── identities ───────────────────────────────────────────────────────────────────────────────


def test_a_minute_is_forgotten_two_horizons_after_it_last_grew_and_not_before() -> None:
    fold = Fold()
    fold.take(request(10))
    fold.checkpoint()
    fold.reach(MINUTE + FORGOTTEN)
    assert int(START) // MINUTE in fold.partition.seen.minutes()
    fold.reach(MINUTE + FORGOTTEN + 0.001)
    assert int(START) // MINUTE not in fold.partition.seen.minutes()


@pytest.mark.parametrize(("passed", "fate", "duplicates"), [(FORGOTTEN, DUPLICATE, 1), (FORGOTTEN + 0.001, LATE, 0)])
def test_a_duplicate_of_what_is_forgotten_is_late_also_where_its_component_stood_still(passed: float, fate: int, duplicates: int) -> None:
    fold = Fold()
    once = request(10, ok=False)
    fold.take(once)
    fold.checkpoint()
    fold.reach(MINUTE + passed)
    before = fold.watch.buckets.changes()
    assert fold.take(once) == [fate]
    assert (fold.partition.account.duplicate, fold.watch.buckets.changes()) == (duplicates, before)


def test_a_component_that_stood_still_goes_on_where_it_was() -> None:
    fold = Fold()
    fold.take(request(10))
    fold.checkpoint()
    fold.reach(MINUTE + FORGOTTEN + 1)
    assert fold.take(request(9.999), request(10, id_="another"), request(10.001), request(MINUTE - 1)) == [LATE, LATE, TAKEN, TAKEN]


def test_yesterdays_file_counts_beside_live_traffic_once() -> None:
    fold = Fold()
    fold.reach(86_400)
    yesterday = [request(at, component="batch") for at in range(0, 3000, 20)]
    for number, each in enumerate(yesterday):
        assert fold.take(each) == [TAKEN]
        fold.reach(86_401 + number)
    assert set(fold.take(*yesterday)) <= {DUPLICATE, LATE}
    fold.reach(86_401 + 3000 + FORGOTTEN)
    assert set(fold.take(*yesterday)) == {LATE}


def test_an_event_from_the_future_is_known_until_its_own_time_is_two_horizons_past() -> None:
    fold = Fold(now=START)
    ahead = request(7200)
    assert fold.take(ahead) == [TAKEN]
    for now in range(0, 7200 + MINUTE + int(FORGOTTEN) + 600, 300):
        fold.now = START + now
        fold.reach(now)
        assert fold.take(ahead) == [DUPLICATE if now <= 7200 + MINUTE + FORGOTTEN else LATE], now


def test_one_event_far_in_the_future_makes_no_other_late() -> None:
    fold = Fold(now=START + 1)
    fold.take(request(80_000, component="elsewhere"))
    fold.checkpoint()
    assert fold.partition.clock == START + 1
    assert fold.take(request(0.5), request(0.2)) == [TAKEN, TAKEN]


@pytest.mark.parametrize("ahead", [7200, 80_000])
def test_one_event_far_in_the_future_makes_no_component_late_that_comes_when_its_own_is_known_no_more(ahead: int) -> None:
    fold = Fold(components=2, now=START)
    future = request(ahead, component="ahead")
    fold.take(future)
    fold.checkpoint()
    for name, now in (("first", KEPT + 20), ("second", 3 * KEPT), ("third", 5 * KEPT)):
        fold.now = START + now
        fold.reach(now - 1)
        assert fold.take(request(now, component=name)) == [TAKEN]
        fold.checkpoint()
    # and it counts no second time: while its minute is known, and after
    assert fold.take(future) == [DUPLICATE]
    fold.now = START + ahead + 2 * FORGOTTEN
    fold.reach(ahead + 2 * FORGOTTEN)
    fold.reach(ahead + 2 * FORGOTTEN + KEPT + MINUTE)
    assert fold.take(future) == [LATE]


moves = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 7200), st.sampled_from(["a", "b", "c", "d"])),  # an event of that time and component
        st.just(None),  # a checkpoint
    ),
    max_size=80,
)


@given(moves, st.integers(0, 3600))
def test_whatever_comes_in_whatever_order_counts_once(story: list[tuple[int, str] | None], now: int) -> None:
    fold, taken = Fold(components=3), set()
    for number, move in enumerate(story):
        fold.now = START + now + number * 120
        if move is None:
            fold.checkpoint()
        else:
            at, component = move
            [fate] = fold.take(request(at, component=component, id_=f"{at}/{component}"))
            assert fate != TAKEN or move not in taken
            taken |= {move} if fate == TAKEN else set()
    account = fold.partition.account
    assert account.read == account.counted + account.duplicate + account.unmatched + account.dead
    assert account.counted - account.late == len(taken)


# ── a limit in number ────────────────────────────────────────────────────────────────────────


def test_above_the_limit_the_oldest_minutes_go_first_whatever_their_partition() -> None:
    sizes = {(0, 10): 5, (0, 12): 5, (1, 11): 5, (1, 13): 5}
    assert above(20, sizes) == []
    assert above(19, sizes) == above(15, sizes) == [(0, 10)]
    assert above(14, sizes) == [(0, 10), (1, 11)]
    assert above(0, sizes) == [(0, 10), (1, 11), (0, 12), (1, 13)]


def test_what_goes_because_of_the_limit_is_late_when_it_comes_again_and_what_is_newer_counts() -> None:
    fold = Fold()
    fold.take(request(10), request(100))
    fold.checkpoint()
    fold.partition.forget(int(START) // MINUTE)
    assert fold.take(request(10), request(59, id_="in that minute"), request(60), request(99)) == [LATE, LATE, TAKEN, TAKEN]


# ── buckets and tallies ──────────────────────────────────────────────────────────────────────


def test_buckets_nothing_touches_for_a_window_and_the_horizon_are_let_go() -> None:
    fold = Fold()
    fold.take(request(0, ok=False), request(5, ok=False, customer="c-2"))
    fold.checkpoint()
    fold.reach(5 + KEPT)
    assert {0, 5} <= {start - START for start in fold.watch.buckets.of}
    fold.reach(5 + KEPT + 0.001)
    assert not {0, 5} & {start - START for start in fold.watch.buckets.of}


def test_three_hours_of_backlog_hold_no_more_than_their_last_minutes() -> None:
    fold, most = Fold(), 0
    for minute in range(180):
        fold.take(*(request(minute * 60 + second, id_=f"{minute}/{second}") for second in range(60)))
        fold.checkpoint()
        most = max(most, len(fold.partition.seen) + len(fold.watch.buckets.of))
    assert most <= (FORGOTTEN + 3 * MINUTE) + (KEPT + 2 * MINUTE)


def test_hours_that_are_replayed_while_the_clock_stands_still_hold_only_the_buckets_late_events_can_reach() -> None:
    fold, most = Fold(), 0
    fold.reach(10 * 86_400)
    for minute in range(4 * 60):
        fold.take(*(request(minute * 60 + second, id_=f"{minute}/{second}", component="batch") for second in range(60)))
        fold.checkpoint()
        most = max(most, len(fold.watch.buckets.of))
    assert fold.partition.clock == START + 10 * 86_400
    assert most <= KEPT + 2 * MINUTE
    assert fold.take(request(4 * 3600 - 1 - HORIZON, component="batch", id_="late"), request(0, component="batch", id_="later")) == [
        TAKEN,
        LATE,
    ]


def test_rows_of_failures_outlive_their_buckets_until_detection_had_its_time() -> None:
    fold = Fold()
    fold.watch.restored({}, START, fold.now)
    fold.take(request(0, ok=False))
    fold.reach(10 * KEPT)
    fold.reach(20 * KEPT)
    assert [customer for customer, _ in fold.watch.affected("checkout", None, *EVER)] == ["c-1"]
    for _ in range(2):
        fold.now += FOUND_WITHIN - 0.001
        fold.reach(30 * KEPT)
    assert [customer for customer, _ in fold.watch.affected("checkout", None, *EVER)] == ["c-1"]
    for round_ in range(2):
        fold.now += FOUND_WITHIN
        fold.reach((40 + 10 * round_) * KEPT)
    assert list(fold.watch.affected("checkout", None, *EVER)) == []


def test_rows_of_failures_are_kept_while_event_time_stands_still() -> None:
    fold = Fold()
    fold.watch.restored({}, START, fold.now)
    fold.take(request(0, ok=False))
    for _ in range(10):
        fold.now += 10 * FOUND_WITHIN
        fold.checkpoint()
    assert [customer for customer, _ in fold.watch.affected("checkout", None, *EVER)] == ["c-1"]


def test_a_customer_who_fails_again_after_their_bucket_is_gone_is_counted_once() -> None:
    fold = Fold()
    fold.take(request(0, ok=False))
    fold.checkpoint()
    fold.reach(2 * KEPT)
    fold.take(request(2 * KEPT, ok=False))
    assert [customers for *_, customers, _ in fold.watch.buckets.changes()["checkout"]] == [1]


def test_buckets_customers_and_identities_leave_no_trace_once_they_are_forgotten() -> None:
    fold = Fold()
    fold.watch.restored({}, START, fold.now)
    fold.take(*(request(number / 10, ok=False, customer=f"customer-{number}") for number in range(100)))
    assert traces(fold, "customer-99") == {"tallies"}
    for at in (3 * KEPT, 6 * KEPT, 9 * KEPT):
        fold.now += FOUND_WITHIN
        fold.reach(at)
    watch = fold.watch
    assert traces(fold, "customer-") == set()
    assert [start - START for start in watch.buckets.of] == [9 * KEPT]
    assert (set(watch.buckets._stored._entries), len(watch.buckets._ages._touched)) == (set(watch.buckets.of), 1)
    assert len(fold.partition.seen) == 1


def test_a_component_leaves_no_trace_once_it_was_quiet_for_36_hours_and_its_watermark_goes_with_it() -> None:
    fold = Fold()
    fold.watch.restored({}, START, fold.now)
    fold.take(*(request(0, ok=number % 2 == 0, component=f"stranger-{number}") for number in range(50)))
    fold.checkpoint()
    for at in (3 * KEPT, 6 * KEPT, 9 * KEPT):  # at the first their last buckets go
        fold.now += FOUND_WITHIN
        fold.reach(at)
    fold.reach(3 * KEPT + QUIET)
    assert traces(fold, "stranger-") == {"components"}
    assert len(fold.watch.watermarks) == 51
    fold.reach(3 * KEPT + QUIET + 0.001)
    fold.watch.components.unsaved()  # that they are gone has been stored
    assert traces(fold, "stranger-") == set()
    assert set(fold.watch.watermarks) == {"elsewhere"}


def traces(fold: Fold, name: str) -> set[str]:
    """Returns the parts of what is remembered that hold a name beginning so, wherever in them."""
    watch = fold.watch
    parts = {"buckets": (watch.buckets.of, watch.buckets._starts, watch.buckets._moved), "tallies": watch.tallies}
    held = {**parts, "components": watch.components, "seen": fold.partition.seen}
    return {part for part, of in held.items() if name.encode() in pickle.dumps(of)}


def test_ages_come_back_in_the_order_of_their_clocks() -> None:
    ages: Ages[int] = Ages()
    ages.restore([(7, 30.0), (8, 10.0), (9, 20.0)])
    assert ages.forget(10.0) == []
    assert ages.forget(20.001) == [8, 9]


# ── components ───────────────────────────────────────────────────────────────────────────────


def test_a_rule_knows_so_many_components_and_no_more() -> None:
    fold = Fold(components=3)
    events = [request(number, component=f"part-{number}") for number in range(4)]
    assert fold.take(*events) == [TAKEN, TAKEN, TAKEN, REFUSED]
    assert fold.take(*(request(10 + number, component=f"part-{number}") for number in range(3))) == [TAKEN] * 3
    assert (fold.watch.refused, fold.partition.account) == (1, Account(read=7, counted=6, dead=1))


def test_an_event_that_was_refused_counts_when_it_is_sent_again_and_there_is_room() -> None:
    fold = Fold(components=2)
    fold.take(request(0, component="old"), request(1, component="also"))
    fold.checkpoint()
    refused = request(2, component="new")
    assert fold.take(refused) == [REFUSED]
    fold.reach(KEPT + 1, component="also")
    assert fold.take(refused) == [REFUSED]  # "old" has a bucket still
    fold.reach(KEPT + 1.001, component="also")
    assert fold.take(refused) == [TAKEN]


def test_an_event_that_one_rule_counts_is_not_put_aside_when_another_refuses_it() -> None:
    rules = [rule(), rule(id="by-source", component="source")]
    partition = Partition(rules, HORIZON, 1)
    fates = partition.fold([request(number, component=f"part-{number}") for number in range(3)], LATER)
    assert fates == [TAKEN] * 3
    assert [watch.refused for watch in partition.watches.values()] == [2, 0]


def test_the_one_without_buckets_for_longest_makes_room_and_what_it_said_does_not_count_again() -> None:
    fold = Fold(components=3)
    said = [request(0, component="first"), request(1, component="second")]
    fold.take(*said)
    fold.checkpoint()
    fold.reach(2 * KEPT)
    assert fold.take(request(2 * KEPT, component="third")) == [TAKEN]
    assert set(fold.watch.watermarks) == {"second", "third", "elsewhere"}
    fold.reach(10 * KEPT)
    assert fold.take(*said) == [LATE, LATE]
    assert fold.take(request(0.001, component="first")) == [TAKEN]  # newer than anything that was displaced


def test_what_is_known_of_components_comes_back() -> None:
    before = Components(3, HORIZON)
    before.reach("a", 100.0)
    before.reach("b", 50.0)
    before.came_ahead("a", 900.0)
    before.add_bucket("b")
    before.drop_bucket("b", 100.0)
    before.close(40.0, 60.0)
    after = Components(3, HORIZON)
    for name, mark in before.unsaved().items():
        assert mark is not None
        after.restore(name, mark, 100.0)
    assert after.watermarks == before.watermarks
    assert (after.closed, after._ahead) == (before.closed, before._ahead)
    assert before.unsaved() == {}


def test_a_displaced_component_is_stored_as_gone_and_leaves_its_time_to_all_others() -> None:
    components = Components(1, HORIZON)
    components.reach("a", 100.0)
    components.add_bucket("a")
    assert not components.has_room("b")
    components.drop_bucket("a", 100.0)
    assert components.has_room("b")
    assert components.unsaved() == {"a": None, EVERY_OTHER: Mark(0.0, 100.0, 0.0)}
    assert components.is_late_for_all("b", 100.0)
    assert not components.is_late_for_all("b", 100.001)
