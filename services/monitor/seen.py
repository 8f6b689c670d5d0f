"""Which events have been counted: `source` and `id` together count once within the horizon. Pure.

Kept as 64-bit hashes (xxHash3) by the minute of the event's own time, which a duplicate shares; about
80 bytes an event in memory, 8 stored. Two different events collide once in 10^12 at a million known.
"""

from array import array
from dataclasses import dataclass, field

from xxhash import xxh3_64_intdigest

from services.monitor.aging import Ages

SLOT = 60  # seconds of event time


@dataclass(slots=True)
class Seen:
    """The identities one partition has counted lately."""

    _slots: dict[int, set[int]] = field(default_factory=dict)
    _fresh: dict[int, list[int]] = field(default_factory=dict)  # since the last `fresh`
    _ages: Ages = field(default_factory=Ages)  # of the slots: when each last grew

    def first_time(self, source: str, event_id: str, at: float) -> bool:
        """Whether this event, of this event time, is new; it is known from now on."""
        slot = int(at) // SLOT
        identity = xxh3_64_intdigest(f"{source}\x1f{event_id}".encode())
        known = self._slots.get(slot)
        if known is None:
            known = self._slots[slot] = set()
        if identity in known:
            return False
        known.add(identity)
        fresh = self._fresh.get(slot)
        if fresh is None:
            fresh = self._fresh[slot] = []
        fresh.append(identity)
        return True

    def fresh(self, now: float) -> dict[int, bytes]:
        """What came since the last call, by slot: to be stored beside what was stored before."""
        fresh, self._fresh = self._fresh, {}
        for slot in fresh:
            self._ages.touch(slot, now)
        return {slot: array("Q", identities).tobytes() for slot, identities in fresh.items()}

    def restore(self, slot: int, stored: bytes, now: float) -> None:
        """Takes back what `fresh` gave."""
        identities = array("Q")
        identities.frombytes(stored)
        self._slots.setdefault(slot, set()).update(identities)
        self._ages.touch(slot, now)

    def forget(self, before: float) -> list[int]:
        """Lets go of slots that have not grown since; returns them."""
        gone = self._ages.forget(before)
        for slot in gone:
            self._slots.pop(slot, None)
        return gone
