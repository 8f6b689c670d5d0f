"""The buckets of one rule in one partition: counts per component, what of them is stored, and when they are forgotten. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

import msgspec

from services.monitor.aggregates.sketch import Sketch
from services.monitor.fold.aging import Ages, Components
from services.monitor.fold.tallies import Appended


@dataclass(slots=True)
class Cell:
    """One component in one bucket."""

    total: int = 0
    bad: int = 0
    first_bad: float = 0.0  # event time of the earliest bad event, seconds since the epoch; 0 without one
    customers: int = 0  # whose latest bad event is here
    changed: bool = False
    numbers: dict[int, int] | None = None  # the sketch of the number that its rule measures


Changes = dict[str, list[tuple[int, int, int, int, float]]]  # component → (bucket, events, bad events, customers, first bad event)


Sketches = dict[str, dict[int, Sketch]]  # component → bucket → its numbers


class StoredCell(msgspec.Struct, array_like=True):
    """A `Cell` as it is stored, with its component's watermark. Fields are added at the end, with a default: older snapshots lack them."""

    total: int
    bad: int
    first_bad: float
    customers: int
    watermark: float
    numbers: dict[int, int] | None = None


StoredCells = dict[str, StoredCell]  # by component


class StoredBucket(msgspec.Struct, frozen=True):
    """Cells to be stored of one bucket; `whole` replaces what is stored of it, otherwise they are put beside it."""

    start: int
    whole: bool
    cells: StoredCells


class Buckets:
    """Cells by the start of their bucket and their component."""

    def __init__(self, components: Components, width: int, kept: float) -> None:
        """`width`: seconds of a bucket. `kept`: seconds of event time for which a cell is kept that does not change."""
        self.of: dict[int, dict[str, Cell]] = {}
        self._components, self._width, self._kept = components, width, kept
        self._starts: dict[str, list[int]] = {}  # component → its buckets, as a heap; some may be gone
        self._ages: Ages[int] = Ages()
        self._stored = Appended()
        self._changed: list[tuple[int, str, Cell]] = []
        self._moved: set[str] = set()  # components that changed since the last `forget`

    def cell(self, start: int, component: str) -> Cell:
        """Returns the cell, to be changed."""
        cell = self.of.setdefault(start, {}).get(component)
        if cell is None:
            cell = self._put(start, component, Cell())
        if not cell.changed:
            cell.changed = True
            self._changed.append((start, component, cell))
        return cell

    def _put(self, start: int, component: str, cell: Cell) -> Cell:
        bucket = self.of.setdefault(start, {})
        if component not in bucket:
            heappush(self._starts.setdefault(component, []), start)
            self._components.add_bucket(component)
        bucket[component] = cell
        return cell

    def leave(self, start: int, component: str) -> None:
        """Stops counting one customer there, if the cell is still there."""
        if (cell := self.of.get(start, {}).get(component)) is not None and cell.customers:
            self.cell(start, component).customers -= 1

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def changes(self) -> Changes:
        """Returns the cells that changed since the last `take_changes`."""
        changes: Changes = {}
        for start, component, cell in self._changed:
            changes.setdefault(component, []).append((start, cell.total, cell.bad, cell.customers, cell.first_bad))
        return changes

    def sketches(self) -> Sketches:
        """Returns the sketches of the cells that changed since the last `take_changes`."""
        found: Sketches = {}
        for start, component, cell in self._changed:
            if cell.numbers is not None:
                found.setdefault(component, {})[start] = cell.numbers
        return found

    def take_changes(self, clock: float) -> list[StoredBucket]:
        """Returns the cells that changed, to be stored; nothing counts as changed afterwards. `clock`: the partition's."""
        changed: dict[int, list[str]] = {}
        for start, component, cell in self._changed:
            cell.changed = False
            changed.setdefault(start, []).append(component)
            self._moved.add(component)
        self._changed = []
        return [self._to_store(start, components, clock) for start, components in changed.items()]

    def _to_store(self, start: int, components: Iterable[str], clock: float) -> StoredBucket:
        bucket, components = self.of[start], list(components)
        self._ages.touch(start, clock)
        whole = self._stored.is_worn(start, len(components), len(bucket))
        watermarks = self._components.watermarks
        cells = {
            component: StoredCell(cell.total, cell.bad, cell.first_bad, cell.customers, watermarks[component], cell.numbers)
            for component in (bucket if whole else components)
            for cell in (bucket[component],)
        }
        return StoredBucket(start, whole, cells)

    def restore(self, start: int, cells: StoredCells) -> None:
        """Takes back what `take_changes` gave, oldest first; `restored` follows."""
        self._stored.add(start, len(cells))
        for component, cell in cells.items():
            self._components.reach(component, cell.watermark)
            self._put(start, component, Cell(cell.total, cell.bad, cell.first_bad, cell.customers, numbers=cell.numbers))

    def restored(self, touched: Mapping[int, float]) -> None:
        """Ends a restore: all that was stored is back. `touched`: where the clock stood when each bucket was stored last."""
        self._ages.restore(touched.items())
        self._moved = set(self._starts)

    # ── letting go ───────────────────────────────────────────────────────────────────────────

    def forget(self, clock: float) -> list[int]:
        """Forgets the cells that no late event can reach: their component is past them, or the clock is far past their last change.

        Returns the buckets that are empty now. Changes must have been taken before.
        """
        gone = self._ages.forget(clock - self._kept)
        for start in gone:
            for component in list(self.of.get(start, ())):
                self._drop(start, component, clock)
        moved, self._moved = self._moved, set()
        for component in moved:
            gone += self._pass(component, clock)
        return gone

    def _pass(self, component: str, clock: float) -> list[int]:
        """Forgets the buckets that a component is past; returns those of which nothing is left."""
        starts, gone = self._starts.get(component, []), []
        reach = self._components.watermarks.get(component, 0.0) - self._kept - self._width
        while starts and starts[0] < reach:
            start = heappop(starts)
            if component in self.of.get(start, ()):
                self._drop(start, component, clock)
                if start not in self.of:
                    self._ages.drop(start)
                    gone.append(start)
        return gone

    def _drop(self, start: int, component: str, clock: float) -> None:
        bucket = self.of[start]
        del bucket[component]
        if not bucket:
            del self.of[start]
            self._stored.forget(start)
        if not self._components.drop_bucket(component, clock):
            self._starts.pop(component)


class OldCell(msgspec.Struct, array_like=True):
    """A cell as versions before 0003_fold stored it, with the tallies of the customers it counts."""

    total: int
    bad: int
    failing: dict[str, tuple[float, float, int]]
    watermark: float
    first_bad: float = 0.0


OldCells = dict[str, OldCell]  # by component
