"""Compares monitor's own tables with what was published, in three ways that do not agree by accident.

Per partition: what the broker holds against what monitor's account says was read. By fate: an event that came
twice is a duplicate in the account, and only what monitor forwarded twice may come twice: it forwards at least once and counts
by identity (decision 0017). Alerts are no part of that: whoever says one again is heard (decision 0027). By cell: requests and failures
of every component in every bucket of event time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from deploy.local.processes import ROOT
from services.monitor.fold.buckets import StoredCell, StoredCells
from services.monitor.hearing.rekeying import CAME_FROM
from services.monitor.rules.file import RulesFile
from services.monitor.rules.ratio import RatioRule
from shared.configuration.files import load as read_config
from shared.events import Topic
from tests.faults.alerting import alerts_in
from tests.faults.load import Load
from tests.faults.stack import Stack
from tests.topics import everything_in

K = TypeVar("K")
RULE = "checkout-failing"


@dataclass(frozen=True)
class Reckoning:
    """The differences: by the account, of everything so far; by the cells, of one round."""

    processed: int
    dead_lettered: int
    lost: int
    read_again: int  # by the account, more than the broker holds
    duplicates: int  # by the account: events that came once more
    forwarded_again: int  # by the topic: records that monitor forwarded once more, since it died before it had committed
    cells_lost: int
    cells_twice: int
    alerts: int = 0  # by the topic: events that say an alert, each as often as it was said

    @property
    def twice(self) -> int:
        return self.read_again + abs(self.duplicates - self.forwarded_again)


async def reckon(stack: Stack, round_: Load) -> Reckoning:
    """Counts, when everything is at rest."""
    ends = await stack.ends()
    accounts = {row["partition"]: row for row in await stack.rows("SELECT * FROM monitor.fold_accounts")}
    held = {partition: ends[TopicPartition(Topic.PRODUCT_EVENTS, partition)] for partition in accounts}
    unread = sum(end for at, end in ends.items() if at.topic == Topic.PRODUCT_EVENTS and at.partition not in accounts)
    read = {partition: row["read"] for partition, row in accounts.items()}
    missing, extra = differences(Counter(held), Counter(read))
    events = await everything_in(Topic.PRODUCT_EVENTS, stack.kafka.bootstrap)
    cells_missing, cells_extra = differences(expected(round_), await found(stack, round_))
    return Reckoning(
        processed=sum(row["counted"] + row["unmatched"] for row in accounts.values()),
        dead_lettered=sum(row["dead"] for row in accounts.values()),
        lost=missing + unread,
        read_again=extra,
        duplicates=sum(row["duplicate"] for row in accounts.values()),
        forwarded_again=forwarded_again(events),
        alerts=alerts_in(events),
        cells_lost=cells_missing,
        cells_twice=cells_extra,
    )


def forwarded_again(records: Iterable[ConsumerRecord]) -> int:
    """Returns how many of these were forwarded from a place that another was forwarded from before."""
    places = [tuple(value for name, value in record.headers if name == CAME_FROM) for record in records]
    forwarded = Counter(place for place in places if place)
    return forwarded.total() - len(forwarded)


def expected(round_: Load) -> Counter[tuple[str, bool, int]]:
    """Returns the requests by component, outcome and bucket."""
    rules = read_config(ROOT / "deploy" / "config" / "rules.yml", RulesFile)
    [width] = [rule.width for rule in rules.rules if isinstance(rule, RatioRule) and rule.id == RULE]
    cells: Counter[tuple[str, bool, int]] = Counter()
    for (component, ok, second), count in round_.cells.items():
        cells[component, ok, second // width * width] += count
    return cells


async def found(stack: Stack, round_: Load) -> Counter[tuple[str, bool, int]]:
    """Returns the same from monitor's snapshot of the fold."""
    last: dict[tuple[int, int, str], StoredCell] = {}
    for row in await stack.rows("SELECT partition, start, cells FROM monitor.fold_cells WHERE rule LIKE $1 ORDER BY part", f"{RULE}@%"):
        for component, cell in msgspec.msgpack.decode(row["cells"], type=StoredCells).items():
            last[row["partition"], row["start"], component] = cell
    cells: Counter[tuple[str, bool, int]] = Counter()
    for (_, start, component), cell in last.items():
        if component in round_.components:
            cells[component, True, start] += cell.total - cell.bad
            cells[component, False, start] += cell.bad
    return cells


def differences(wanted: Counter[K], got: Counter[K]) -> tuple[int, int]:
    """Returns how many are missing, and how many are too many."""
    return (wanted - got).total(), (got - wanted).total()
