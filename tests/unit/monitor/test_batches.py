"""A batch comes to what its events come to one after the other: whatever they are, and in whatever pieces they come."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitor.aggregates.counts import Asked, Asks, Counting, Purpose
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import LATE, NOT_OURS, TAKEN
from shared.events import ProductEvent
from tests.builders import NOON
from tests.unit.monitor.builders import HORIZON, START, rule
from tests.unit.monitor.one_by_one import fold_one_by_one

Fold = Callable[[Partition, Sequence[ProductEvent], float], list[int]]

REQUEST, JOB, OTHER = "com.example.request", "com.example.job", "com.example.heartbeat"
RULES: tuple[Asks, ...] = (
    rule(),
    rule(id="slow", window="5m", bad={"data.ok": True, "data.latency_ms": {"above": 500}}),
    rule(id="jobs", events=[JOB, REQUEST], window="1m", bad={"data.ok": [False, None]}),
    rule(id="only-jobs", events=[JOB], where={"data.latency_ms": {"present": True}}),
    rule(id="some", only=["a", "b"], where={"data.ok": {"is_not": "odd"}}),
    rule(id="by-source", component="source", bad={"data.latency_ms": {"at_least": 500, "below": 1000}, "data.ok": False}),
    Asked("uses", Counting(frozenset({REQUEST}), {}, "data.component", frozenset(), {}, 900.0, purpose=Purpose.USES)),
    Asked("number", Counting(frozenset({REQUEST}), {}, "data.component", frozenset(), {"data.ok": False}, 60.0, number="data.latency_ms")),
)
COMPONENTS: tuple[Any, ...] = ("a", "b", "c", "d", "", "x" * 256, 7, None, True, ["a"], {"a": 1})

datas = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "component": st.sampled_from(COMPONENTS),
            "ok": st.sampled_from([True, False, True, None, 0, "odd"]),
            "latency_ms": st.sampled_from([10, 500, 501.5, "501", True, None]),
        },
    ),
    st.sampled_from([None, "text", ["list"], 5]),
)


@st.composite
def products(draw: st.DrawFn, seconds: int) -> ProductEvent:
    """Draws an event of so many seconds; its identity is one of few."""
    return ProductEvent(
        draw(st.sampled_from("pqrstuvwxyz")),
        draw(st.sampled_from(["/shop", "/shop", "/jobs"])),
        draw(st.sampled_from([REQUEST, REQUEST, REQUEST, JOB, OTHER])),
        NOON + timedelta(seconds=draw(st.integers(0, 8 * seconds)) / 8),
        "1.0",
        draw(st.sampled_from([None, "c-1", "c-2", "c-3"])),
        draw(datas),
    )


def stories(seconds: int) -> st.SearchStrategy[list[list[ProductEvent]]]:
    return st.lists(st.lists(products(seconds), max_size=16), max_size=3)


def checkpoint(partition: Partition) -> None:
    for watch in partition.watches.values():
        watch.buckets.take_changes(partition.clock)
        watch.tallies.take_changes()
        watch.buckets.forget(partition.clock)
        watch.forget_strangers(partition.clock)
    partition.seen.fresh(partition.clock)
    for minute in partition.expired():
        partition.forget(minute)


def played(story: Sequence[Sequence[ProductEvent]], now: float, fold: Fold) -> tuple[list[list[int]], object]:
    """Returns what became of each event, and all that decides what later ones do; after each batch but the last is a checkpoint."""
    partition, fates = Partition(RULES, HORIZON), []
    for number, batch in enumerate(story):
        if number:
            checkpoint(partition)
        fates.append(fold(partition, batch, now + 60 * number))
    return fates, (partition.clock, partition.account, _known(partition), [_held(partition, each) for each in partition.watches])


def _known(partition: Partition) -> object:
    return {second: (known, sorted(unsaved)) for second, (known, unsaved, *_) in partition.seen._open.items() if known}


def _held(partition: Partition, name: str) -> object:
    watch = partition.watches[name]
    cells = {(start, each): cell for start, bucket in watch.buckets.of.items() for each, cell in bucket.items()}
    changes = {each: sorted(buckets) for each, buckets in watch.buckets.changes().items()}
    components = watch.watermarks, watch.components.closed, watch.components._ahead, watch.components._buckets
    return cells, changes, components, watch.tallies._young, watch.tallies.failed, watch.refused


@settings(max_examples=200)
@given(stories(60), st.integers(0, 120))
def test_a_batch_comes_to_what_its_events_come_to_one_by_one(story: list[list[ProductEvent]], seconds: int) -> None:
    now = START + seconds  # some events are ahead of it
    assert played(story, now, Partition.fold) == played(story, now, fold_one_by_one)


@settings(max_examples=200)
@given(stories(4000))
def test_so_it_does_where_hours_are_read_at_once_and_some_events_are_late(story: list[list[ProductEvent]]) -> None:
    assert played(story, START + 4000, Partition.fold) == played(story, START + 4000, fold_one_by_one)


@given(st.lists(products(60), max_size=30), st.integers(1, 30))
def test_it_does_not_matter_in_what_batches_events_come(events: list[ProductEvent], size: int) -> None:
    whole, cut = Partition(RULES, HORIZON), Partition(RULES, HORIZON)
    fates = [fate for at in range(0, len(events), size) for fate in cut.fold(events[at : at + size], START + 60)]
    assert whole.fold(events, START + 60) == fates
    assert [_held(whole, each) for each in whole.watches] == [_held(cut, each) for each in cut.watches]


def test_two_events_of_one_identity_and_second_make_late_what_they_do_one_by_one() -> None:
    """The first of them is taken by no rule, so the second counts, and an event after it is late by it."""
    minutes = [(REQUEST, 0.0), (JOB, 10.0), (REQUEST, 10.0), (REQUEST, -1.0)]
    events = [
        ProductEvent("reused", "/shop", kind, NOON + timedelta(minutes=minute), "1.0", data={"component": 7 if kind == JOB else "a"})
        for kind, minute in minutes
    ]
    fates, held = played([events], START + 4000, Partition.fold)
    assert (fates, held) == played([events], START + 4000, fold_one_by_one)
    assert fates == [[TAKEN, NOT_OURS, TAKEN, LATE]]
