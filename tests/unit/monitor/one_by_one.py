"""The fold of one event after the other, written down the slow way: what a batch must come to, whatever it holds."""

from collections.abc import Sequence

from services.monitor.aggregates.sketch import added, is_number, range_of
from services.monitor.fold.partition import SKEW, Partition
from services.monitor.fold.seen import identity_of
from services.monitor.fold.watch import DUPLICATE, LATE, NOT_OURS, REFUSED, TAKEN, Watch
from shared.conditions import reader, tests_of
from shared.events import ProductEvent


def fold_one_by_one(partition: Partition, events: Sequence[ProductEvent], now: float) -> list[int]:
    """Does what `partition.fold` promises, event by event; returns what became of each."""
    fates = [_fold(partition, event, now) for event in events]
    partition.account.add(fates)
    return fates


def _fold(partition: Partition, event: ProductEvent, now: float) -> int:
    watches = [watch for watch in partition.watches.values() if event.type in watch.counting.events]
    if not watches:
        return NOT_OURS
    time, identity = event.time.timestamp(), identity_of(event.source, event.id)
    if partition.seen.take([identity], [time]):
        return DUPLICATE
    at = min(time, now)
    fate = max(_count(watch, event, at) for watch in watches)
    if fate != TAKEN:
        partition.seen.take_back([identity], [time])
        return fate
    partition.clock = max(partition.clock, at)
    if time > now:
        partition.account.ahead += time - now > SKEW
        for watch in watches:
            watch.came_ahead(event)
    return TAKEN


def _holds(condition: dict[str, object], event: ProductEvent) -> bool:
    return all(test(reader(path)(event)) for path, test in tests_of(condition))  # type: ignore[arg-type]


def _count(watch: Watch, event: ProductEvent, at: float) -> int:
    of, component = watch.counting, reader(watch.counting.component)(event)
    if not _holds(dict(of.where), event) or type(component) is not str or (of.only and component not in of.only):
        return NOT_OURS
    if (fate := _admitted(watch, component, at)) != TAKEN:
        return fate
    watch.components.reach(component, at)
    start = int(at) // of.width * of.width
    cell = watch.buckets.cell(start, component)
    cell.total += 1
    if _holds(dict(of.bad), event):
        cell.bad += 1
        cell.first_bad = min(filter(None, (cell.first_bad, at)))
        if event.subject is not None:
            watch.fail(component, event.subject, at, start)
    if of.number is not None and is_number(number := reader(of.number)(event)):
        cell.numbers = added([cell.numbers or {}, {range_of(number): 1}])
    return TAKEN


def _admitted(watch: Watch, component: str, at: float) -> int:
    watermark = watch.watermarks.get(component)
    if watermark is not None:
        return LATE if at <= watermark and watch.components.is_late(component, at, watermark) else TAKEN
    if not 0 < len(component) <= 255:
        return NOT_OURS
    if watch.components.is_late_for_all(component, at):
        return LATE
    if watch.components.has_room(component):
        return TAKEN
    watch.refused += 1
    return REFUSED
