"""Counts and customers add up over buckets and partitions, and a restart changes nothing, whatever the events and their order."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitor.fold.buckets import StoredCells
from services.monitor.fold.partition import Partition
from services.monitor.fold.seen import MINUTE
from services.monitor.fold.tallies import Rows
from services.monitor.windows.window import Window
from shared.events import ProductEvent
from tests.unit.monitor.builders import HORIZON, LATER, START, request, rule

WINDOW = 15.0
RULE = rule(impact={"at_least": 1})
PARTITIONS = 3


class Said(NamedTuple):
    """One event of a story."""

    at: float
    customer: int
    component: str
    ok: bool
    repeats: bool  # comes twice

    def events(self) -> list[ProductEvent]:
        made = request(self.at, ok=self.ok, customer=f"c-{self.customer}", component=self.component)
        return [made, made] if self.repeats else [made]


moments = st.integers(0, 240).map(lambda quarters: quarters / 4)
stories = st.lists(
    st.builds(Said, moments, st.integers(0, 5), st.sampled_from(["checkout", "search"]), st.booleans(), st.booleans()),
    max_size=60,
    unique_by=lambda said: (said.at, said.customer, said.component),
)


def partitions_of(story: Sequence[Said]) -> list[Partition]:
    """Returns each customer's events in one partition, as keys have it."""
    made = [Partition([RULE], HORIZON) for _ in range(PARTITIONS)]
    for said in story:
        for each in said.events():
            made[said.customer % PARTITIONS].fold([each], LATER)
    return made


def merged(partitions: Sequence[Partition], component: str) -> Window:
    window = Window()
    for number, partition in enumerate(partitions):
        watch = partition.watches[RULE.id]
        window.merge(number, watch.watermarks.get(component, 0.0), watch.buckets.changes().get(component, []))
    return window


@given(stories)
def test_events_and_distinct_customers_add_up_over_buckets_and_partitions(story: list[Said]) -> None:
    partitions = partitions_of(story)
    for component in ("checkout", "search"):
        window = merged(partitions, component)
        ours = [said for said in story if said.component == component]
        last = max((int(said.at) for said in ours), default=0)
        within = [said for said in ours if last - WINDOW < int(said.at)]
        counts = window.counts(RULE.counting, int(START) + last)
        assert (counts.events, counts.bad) == (len(within), sum(not said.ok for said in within))
        assert counts.customers == len({said.customer for said in within if not said.ok})


@given(stories)
def test_every_record_is_accounted_for(story: list[Said]) -> None:
    accounts = [partition.account for partition in partitions_of(story)]
    for account in accounts:
        assert account.read == account.counted + account.duplicate + account.unmatched + account.dead
    assert sum(account.counted for account in accounts) == len(story)
    assert sum(account.duplicate for account in accounts) == sum(said.repeats for said in story)


def last_rows(story: Sequence[Said], component: str) -> dict[str, tuple[float, float, int]]:
    """Returns each customer's last failure streak, found the slow way."""
    failures: dict[str, list[float]] = defaultdict(list)
    for said in sorted(story):
        if said.component == component and not said.ok:
            failures[f"c-{said.customer}"].append(START + said.at)
    rows = {}
    for customer, times in failures.items():
        row = [times[-1]]
        for at in reversed(times[:-1]):
            if row[-1] - at > WINDOW:
                break
            row.append(at)
        rows[customer] = (row[-1], row[0], len(row))
    return rows


def rows(partitions: Sequence[Partition], component: str) -> dict[str, tuple[float, float, int]]:
    found = (partition.watches[RULE.id].affected(component, None, 0.0, float("inf")) for partition in partitions)
    return {customer: (tally.first, tally.last, tally.count) for each in found for customer, tally in each}


@given(stories)
def test_the_rows_of_events_in_order_are_those_found_the_slow_way(story: list[Said]) -> None:
    partitions = partitions_of(sorted(story))
    for component in ("checkout", "search"):
        assert rows(partitions, component) == last_rows(story, component)


@given(st.permutations([Said(float(at), at % 4, "checkout", ok=False, repeats=False) for at in range(0, 48, 2)]))
def test_failures_closer_than_a_window_are_one_row_in_any_order(story: list[Said]) -> None:
    near = [said for said in story if said.at < WINDOW]
    partitions = partitions_of(near)
    assert rows(partitions, "checkout") == last_rows(near, "checkout")


# ── a restart ────────────────────────────────────────────────────────────────────────────────


class Disk:
    """The store of checkpoints, through the bytes they are stored as."""

    def __init__(self) -> None:
        self.cells: list[tuple[int, bytes]] = []
        self.tallies: list[tuple[int, bytes]] = []
        self.seen: list[tuple[int, bytes]] = []
        self.clock = 0.0
        self.account: bytes = b""

    def save(self, partition: Partition) -> None:
        watch = partition.watches[RULE.id]
        for bucket in watch.buckets.take_changes(partition.clock):
            kept = [each for each in self.cells if each[0] != bucket.start] if bucket.whole else self.cells
            self.cells = [*kept, (bucket.start, msgspec.msgpack.encode(bucket.cells))]
        if (stored := watch.tallies.take_changes()) is not None:
            self.tallies = [*([] if stored.whole else self.tallies), (stored.generation, msgspec.msgpack.encode(stored.rows))]
        self.seen += partition.seen.fresh(partition.clock).items()
        self.clock = partition.clock
        self.account = msgspec.msgpack.encode(partition.account)

    def load(self) -> Partition:
        partition = Partition([RULE], HORIZON)
        watch = partition.watches[RULE.id]
        for start, cells in sorted(self.cells, key=lambda each: each[0]):
            watch.buckets.restore(start, msgspec.msgpack.decode(cells, type=StoredCells))
        for generation, rows in self.tallies:
            watch.tallies.restore(generation, msgspec.msgpack.decode(rows, type=Rows))
        for minute, ids in self.seen:
            partition.seen.restore(minute, ids, self.clock)
        partition.clock = self.clock
        partition.account = msgspec.msgpack.decode(self.account, type=type(partition.account))
        return partition


def state(partition: Partition) -> object:
    """Returns all that decides what later events do."""
    watch = partition.watches[RULE.id]
    cells = {
        (start, component): (cell.total, cell.bad, cell.first_bad, cell.customers)
        for start, bucket in watch.buckets.of.items()
        for component, cell in bucket.items()
    }
    tallies = {
        component: {customer: msgspec.structs.astuple(row) for customer, row in rows.items()}
        for component, rows in watch.tallies._young.items()
    }
    return cells, watch.watermarks, tallies, identities(partition), partition.clock, partition.account


def identities(partition: Partition) -> dict[int, set[int]]:
    """Returns what the partition knows, by minute."""
    known: dict[int, set[int]] = defaultdict(set)
    for second, (ids, *_) in partition.seen._open.items():
        known[second // MINUTE] |= ids
    for second, packed in partition.seen._packed.items():
        known[second // MINUTE].update(packed._held)
    for minute, packed in partition.seen._restored.items():
        known[minute].update(packed._held)
    return {minute: ids for minute, ids in known.items() if ids}


def fold_all(partition: Partition, story: Sequence[Said]) -> None:
    for said in story:
        for each in said.events():
            partition.fold([each], LATER)


wide_stories = st.lists(
    st.builds(
        Said, st.integers(0, 5000).map(lambda quarters: quarters / 4), st.integers(0, 3), st.just("checkout"), st.booleans(), st.booleans()
    ),
    max_size=40,
    unique_by=lambda said: (said.at, said.customer),
)


@given(wide_stories, st.lists(st.integers(0, 40), max_size=3))
@settings(max_examples=200)
def test_a_restart_after_any_checkpoint_changes_nothing(story: list[Said], cuts: list[int]) -> None:
    straight, restarted, disk = Partition([RULE], HORIZON), Partition([RULE], HORIZON), Disk()
    fold_all(straight, story)
    for since, until in zip([0, *sorted(cuts)], [*sorted(cuts), len(story)], strict=True):
        fold_all(restarted, story[since:until])
        disk.save(restarted)
        restarted = disk.load()
    assert state(restarted) == state(straight)


@given(wide_stories, st.integers(0, 40))
def test_events_that_come_again_after_a_restart_change_no_count(story: list[Said], cut: int) -> None:
    partition, disk = Partition([RULE], HORIZON), Disk()
    fold_all(partition, story)
    disk.save(partition)
    again = disk.load()
    fold_all(again, story[:cut])
    disk.save(again)
    assert again.watches[RULE.id].buckets.changes() == {}
    came_again = again.account.duplicate + again.account.late - partition.account.duplicate - partition.account.late
    assert came_again == sum(len(said.events()) for said in story[:cut])
