"""Deduplication: an event's identity, its `source` and `id` together, is remembered, and the event counts once. Pure.

Identities are 64-bit hashes (xxHash3), found by the event's own time, which a duplicate shares. Two different events collide once in
10^12 at a million known. The seconds that still grow are hash sets (some 100 bytes an identity); a second that a checkpoint found quiet
is packed into an array of 8 bytes an identity, which is sorted when the first event asks for it. Minutes are what is stored and forgotten.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xxhash import xxh3_64_intdigest

from shared.events import ProductEvent

MINUTE = 60  # seconds of event time
REPACK = 8  # late identities wait in a set until they are an eighth of what the second holds packed


def identity_of(source: str, event_id: str) -> int:
    """Returns what an event is known by."""
    identity: int = xxh3_64_intdigest(f"{source}\x1f{event_id}".encode())
    return identity


def identities_of(events: Iterable[ProductEvent]) -> list[int]:
    """Returns what each of these events is known by."""
    return [xxh3_64_intdigest(f"{event.source}\x1f{event.id}".encode()) for event in events]


def by_second(times: Sequence[float]) -> Mapping[int, Sequence[int]]:
    """Returns the rows of each second, in order."""
    if not times:
        return {}
    if int(min(times)) == int(max(times)):
        return {int(times[0]): range(len(times))}
    rows: dict[int, list[int]] = defaultdict(list)
    for row, at in enumerate(times):
        rows[int(at)].append(row)
    return rows


@dataclass(slots=True)
class Packed:
    """Identities in 8 bytes each."""

    _held: "array[int]" = field(default_factory=lambda: array("Q"))
    _sorted: bool = True

    def add(self, identities: "array[int]") -> None:
        self._held.extend(identities)
        self._sorted = False

    def __contains__(self, identity: int) -> bool:
        if not self._sorted:
            self._held, self._sorted = array("Q", sorted(self._held)), True
        at = bisect_left(self._held, identity)
        return at < len(self._held) and self._held[at] == identity

    def __len__(self) -> int:
        return len(self._held)


# It holds identities, those of them not yet stored, those stored since it was packed, and where older ones are.
Second = tuple[set[int], list[int], "array[int]", tuple[Packed, ...]]


@dataclass(slots=True)
class Seen:
    """The identities that one partition remembers."""

    _open: dict[int, Second] = field(default_factory=dict)
    _packed: dict[int, Packed] = field(default_factory=dict)  # second → identities
    _restored: dict[int, Packed] = field(default_factory=dict)  # minute → identities; what is stored knows no seconds
    _grew: dict[int, float] = field(default_factory=dict)  # minute → how far the partition's clock was when it last grew
    _sizes: dict[int, int] = field(default_factory=dict)  # minute → how many identities

    def take(self, identities: Sequence[int], times: Sequence[float]) -> dict[int, int | None]:
        """Returns which rows of a batch are not new, each with the row that was the first, or None when that came before this batch.

        The new ones are known from now on. `times`: of the events.
        """
        copies: dict[int, int | None] = {}
        for second, rows in by_second(times).items():
            held = self._open.get(second)
            if held is None:
                held = self._open[second] = set(), [], array("Q"), self._older(second)
            known, unsaved, _, older = held
            coming = identities if len(rows) == len(identities) else [identities[row] for row in rows]
            if older or not known.isdisjoint(coming) or len(set(coming)) < len(coming):
                coming = self._new(coming, rows, held, copies)
            known.update(coming)
            unsaved.extend(coming)
        return copies

    def knows(self, identity: int, at: float) -> bool:
        """Says whether the event of that time came before."""
        second = int(at)
        known, _, _, older = self._open.get(second) or (set(), [], array("Q"), self._older(second))
        return identity in known or any(identity in packed for packed in older)

    @staticmethod
    def _new(coming: Sequence[int], rows: Sequence[int], held: Second, copies: dict[int, int | None]) -> list[int]:
        """Returns those that are new, and notes the others."""
        known, _, _, older = held
        first: dict[int, int] = {}
        for identity, row in zip(coming, rows, strict=True):
            if identity in first:
                copies[row] = first[identity]
            elif identity in known or any(identity in packed for packed in older):
                copies[row] = None
            else:
                first[identity] = row
        return list(first)

    def _older(self, second: int) -> tuple[Packed, ...]:
        found = self._packed.get(second), self._restored.get(second // MINUTE)
        return tuple(packed for packed in found if packed is not None)

    def take_back(self, identities: Sequence[int], times: Sequence[float]) -> None:
        """Takes some of the latest batch back, because their events changed nothing: when they come again they are new."""
        for second, rows in by_second(times).items():
            known, unsaved, *_ = self._open[second]
            gone, stay = {identities[row] for row in rows}, []
            known -= gone
            for _ in range(len(gone)):
                while (latest := unsaved.pop()) not in gone:
                    stay.append(latest)
            unsaved.extend(reversed(stay))

    def fresh(self, clock: float) -> dict[int, bytes]:
        """Returns what came since the last call, by minute: to be stored beside what was stored before.

        `clock`: the partition's event time.
        """
        fresh: dict[int, list[bytes]] = {}
        for second, (known, unsaved, stored, _) in list(self._open.items()):
            if not unsaved:
                self._pack(second, len(known), stored)
                continue
            identities = array("Q", unsaved)
            unsaved.clear()
            stored.extend(identities)
            fresh.setdefault(second // MINUTE, []).append(identities.tobytes())
        minutes = {minute: b"".join(parts) for minute, parts in fresh.items()}
        for minute, held in minutes.items():
            self._grow(minute, len(held) // 8, clock)
        return minutes

    def _pack(self, second: int, known: int, stored: "array[int]") -> None:
        packed = self._packed.get(second)
        if packed is not None and 0 < known * REPACK < len(packed):
            return
        del self._open[second]
        if known:
            self._packed.setdefault(second, Packed()).add(stored)

    def _grow(self, minute: int, by: int, clock: float) -> None:
        self._grew[minute] = max(clock, (minute + 1.0) * MINUTE, self._grew.get(minute, 0.0))
        self._sizes[minute] = self._sizes.get(minute, 0) + by

    def restore(self, minute: int, stored: bytes, clock: float) -> None:
        """Takes back what `fresh` gave at that clock."""
        identities = array("Q")
        identities.frombytes(stored)
        self._restored.setdefault(minute, Packed()).add(identities)
        self._grow(minute, len(identities), clock)

    def __len__(self) -> int:
        """Returns how many identities are stored and remembered."""
        return sum(self._sizes.values())

    def minutes(self) -> dict[int, int]:
        """Returns how many identities each minute holds."""
        return self._sizes

    def grew(self) -> dict[int, float]:
        """Returns where the clock stood when each minute last grew; of a minute ahead of the clock, its end."""
        return self._grew

    def forget(self, minute: int) -> None:
        """Forgets one minute. Its events must be refused from now on: they would look new."""
        for second in range(minute * MINUTE, (minute + 1) * MINUTE):
            self._open.pop(second, None)
            self._packed.pop(second, None)
        self._restored.pop(minute, None)
        del self._grew[minute], self._sizes[minute]
