"""The fold counts one partition's events per component and bucket, and keeps each customer's failure streak (tally)."""

from dataclasses import astuple

import pytest

from services.monitor.fold.buckets import OldCell
from services.monitor.fold.partition import SKEW, Account, Partition
from services.monitor.fold.watch import Watch
from tests.builders import event
from tests.unit.monitor.builders import HORIZON, LATER, START, folded, request, rule

WINDOW = 15.0
EVER = (0.0, float("inf"))


def watch(partition: Partition) -> Watch:
    (only,) = partition.watches.values()
    return only


def buckets(partition: Partition, component: str = "checkout") -> list[tuple[int, int, int, int]]:
    """Returns the buckets of one component as (seconds into the story, events, bad events, customers)."""
    changes = watch(partition).buckets.changes().get(component, [])
    return sorted((start - int(START), events, bad, customers) for start, events, bad, customers, _ in changes)


def row(*failures: float, at_least: int = 1) -> tuple[float, float, int] | None:
    """Returns (first, last, count) of one customer whose requests failed at these moments; None when they are not affected."""
    partition = folded(*(request(at, ok=False) for at in failures), by=rule(impact={"at_least": at_least}))
    found = dict(watch(partition).affected("checkout", None, *EVER)).get("c-1")
    return None if found is None else (round(found.first - START, 3), round(found.last - START, 3), found.count)


# ── buckets ──────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_in_the_bucket_that_begins_at_or_before_it() -> None:
    assert buckets(folded(request(0.999), request(1.0), request(1.001))) == [(0, 1, 0, 0), (1, 2, 0, 0)]


def test_a_bucket_knows_when_its_first_bad_event_was() -> None:
    partition = folded(request(1.7, ok=False), request(1.2), request(1.4, ok=False), request(2.0))
    changes = watch(partition).buckets.changes()["checkout"]
    assert [(start - START, round(first_bad - START, 3) if first_bad else None) for start, *_, first_bad in changes] == [
        (1, 1.4),
        (2, None),
    ]


def test_buckets_are_as_wide_as_the_rule_makes_them() -> None:
    wide = rule(window="60s")
    assert buckets(folded(request(3.999), request(4.0), request(7.999), request(8.0), by=wide)) == [
        (0, 1, 0, 0),
        (4, 2, 0, 0),
        (8, 1, 0, 0),
    ]


def test_components_are_apart() -> None:
    partition = folded(request(1, ok=False), request(1, component="search"))
    assert buckets(partition) == [(1, 1, 1, 1)]
    assert buckets(partition, "search") == [(1, 1, 0, 0)]


def test_a_customer_counts_in_the_bucket_of_their_latest_failure_only() -> None:
    assert buckets(folded(request(0, ok=False), request(5, ok=False))) == [(0, 1, 1, 0), (5, 1, 1, 1)]
    assert buckets(folded(request(5, ok=False), request(0, ok=False))) == [(0, 1, 1, 0), (5, 1, 1, 1)]


def test_a_machine_that_fails_is_no_customer() -> None:
    assert buckets(folded(request(0, ok=False, customer=None))) == [(0, 1, 1, 0)]


def test_only_changes_since_the_last_checkpoint_are_told_and_whole() -> None:
    partition = folded(request(0), request(1))
    watch(partition).buckets.take_changes(LATER)
    partition.fold([request(1.5, ok=False)], LATER)
    assert buckets(partition) == [(1, 2, 1, 1)]


# ── tallies ──────────────────────────────────────────────────────────────────────────────────


def test_failures_exactly_a_window_apart_are_one_row() -> None:
    assert row(0, WINDOW) == (0, WINDOW, 2)


def test_failures_further_apart_than_a_window_are_two_rows_and_the_later_counts() -> None:
    assert row(0, WINDOW + 0.001) == (WINDOW + 0.001, WINDOW + 0.001, 1)


def test_failures_that_come_out_of_order_are_the_same_row() -> None:
    assert row(0, 10, 20) == row(20, 10, 0) == row(10, 20, 0) == (0, 20, 3)


def test_a_failure_in_the_middle_of_a_long_row_belongs_to_it() -> None:
    assert row(0, 14, 28, 42, 20) == (0, 42, 5)


def test_a_late_failure_of_an_earlier_row_changes_nothing() -> None:
    assert row(40, 50, 25) == (25, 50, 3)
    assert row(40, 50, 24.999) == (40, 50, 2)


def test_whoever_fails_less_often_than_the_rule_wants_is_not_affected() -> None:
    assert row(0, at_least=2) is None
    assert row(0, 1, at_least=2) == (0, 1, 2)


def test_whom_an_incident_touches_depends_on_when_their_row_was() -> None:
    partition = folded(request(10, ok=False), request(12, ok=False))

    def found(since: float, until: float) -> list[str]:
        return [customer for customer, _ in watch(partition).affected("checkout", None, START + since, START + until)]

    assert found(since=12, until=99) == ["c-1"]
    assert found(since=12.001, until=99) == []
    assert found(since=0, until=10) == ["c-1"]
    assert found(since=0, until=9.999) == []


def test_those_who_failed_since_the_last_checkpoint_can_be_asked_for_alone() -> None:
    partition = folded(*(request(at, ok=False, customer=customer) for customer in ("c-1", "c-2") for at in (0, 1)))
    watch(partition).tallies.take_changes()
    partition.fold([request(2, ok=False, customer="c-2")], LATER)
    failed = watch(partition).tallies.failed["checkout"]
    assert [customer for customer, _ in watch(partition).affected("checkout", failed, *EVER)] == ["c-2"]


# ── time ─────────────────────────────────────────────────────────────────────────────────────


def test_an_event_exactly_as_late_as_the_horizon_still_counts() -> None:
    partition = folded(request(HORIZON), request(0))
    assert buckets(partition) == [(0, 1, 0, 0), (600, 1, 0, 0)]
    assert partition.account.late == 0


def test_an_event_later_than_the_horizon_changes_nothing() -> None:
    partition = folded(request(HORIZON + 0.001), request(0, ok=False))
    assert buckets(partition) == [(600, 1, 0, 0)]
    assert (partition.account.late, partition.account.counted) == (1, 2)


def test_time_has_come_as_far_as_the_latest_event() -> None:
    partition = folded(request(5.25), request(3))
    assert watch(partition).watermarks == {"checkout": START + 5.25}


def test_events_from_the_future_happen_now() -> None:
    now = START + 10
    partition = folded(request(9), request(HORIZON * 2), request(8), now=now)
    assert watch(partition).watermarks == {"checkout": now}
    assert buckets(partition) == [(8, 1, 0, 0), (9, 1, 0, 0), (10, 1, 0, 0)]
    assert partition.account.late == 0


def test_a_duplicate_from_the_future_is_known_however_much_later_it_comes() -> None:
    partition = folded(request(240), now=START)
    partition.fold([request(240)], START + 200)
    assert (partition.account.counted, partition.account.duplicate) == (1, 1)


@pytest.mark.parametrize(("ahead", "counted"), [(SKEW, 0), (SKEW + 0.001, 1)])
def test_events_more_than_five_minutes_ahead_are_counted_as_such(ahead: float, counted: int) -> None:
    assert folded(request(ahead), now=START).account.ahead == counted


# ── the account ──────────────────────────────────────────────────────────────────────────────

OTHER = event("heartbeat-1", type_="com.example.heartbeat")
NAMELESS = event("nameless-1", data={"ok": True})
ODDLY_NAMED = event("oddly-1", data={"component": 7, "ok": True})


def test_every_event_is_accounted_for_once() -> None:
    again = request(1, id_="again")
    partition = folded(request(0), again, again, OTHER, NAMELESS, ODDLY_NAMED, request(700), request(2))
    assert partition.account == Account(read=8, counted=4, duplicate=1, unmatched=3, late=1)


@pytest.mark.parametrize("component", ["", "x" * 256])
def test_a_component_needs_a_name_of_1_to_255_characters(component: str) -> None:
    assert folded(request(0, component=component)).account.unmatched == 1
    assert folded(request(0, component="x" * 255)).account.counted == 1


def test_an_event_counts_once_however_many_rules_ask_for_it() -> None:
    rules = [rule(), rule(id="slow", bad={"data.latency_ms": {"above": 5000}}), rule(id="gone", where={"data.ok": None})]
    partition = Partition(rules, HORIZON)
    partition.fold([request(0)], LATER)
    assert astuple(partition.account)[:4] == (1, 1, 0, 0)
    assert [bool(each.buckets.changes()) for each in partition.watches.values()] == [True, True, False]


def test_a_duplicate_counts_in_no_bucket() -> None:
    failure = request(0, ok=False, id_="once")
    assert buckets(folded(failure, failure, failure)) == [(0, 1, 1, 1)]


# ── what an older version left ───────────────────────────────────────────────────────────────


def test_what_an_older_version_counted_meanwhile_is_added() -> None:
    partition = folded(request(1, ok=False), request(1.5), request(2, ok=False, customer="c-2"))
    old = OldCell(3, 2, {"c-1": (START + 1.2, START + 1.8, 2), "c-3": (START + 1.6, START + 1.6, 1)}, START + 1.8, START + 1.2)
    watch(partition).take_over(int(START) + 1, {"checkout": old})
    assert buckets(partition) == [(1, 5, 3, 2), (2, 1, 1, 1)]
    rows = {name: watch(partition).tallies.of("checkout", name) for name in ("c-1", "c-2", "c-3")}
    assert {name: row.count for name, row in rows.items() if row} == {"c-1": 3, "c-2": 1, "c-3": 1}
