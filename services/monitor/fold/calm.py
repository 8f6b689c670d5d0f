"""The customers who have no trouble that a rule follows: of each, only when the latest event was that ends trouble. Pure.

Nearly all customers are such ones, and nearly all events concern them: a batch costs a few operations on dictionaries, and no object
for each customer.
"""

from collections.abc import Collection, Iterator, Mapping

from services.monitor.aggregates.moments import Moments
from services.monitor.fold.aging import Ages


class Calm:
    """Customers without troubles, each with the event time of the latest event that ends trouble; 0: none is known."""

    __slots__ = ("_ages", "changed", "ends")

    def __init__(self) -> None:
        self.ends: dict[str, float] = {}
        self.changed: set[str] = set()  # of them, since the last checkpoint
        self._ages: Ages[str] = Ages()

    def end(self, coming: Mapping[str, float]) -> set[str]:
        """Takes the latest end of each of these customers, who have no troubles; returns those who were not known."""
        new, known = set(coming).difference(self.ends), self.ends.get
        later = {customer: at for customer, at in coming.items() if at > known(customer, 0.0)}
        self.ends |= later
        self.changed.update(later)
        return new

    def forget(self, customer: str) -> None:
        self.ends.pop(customer, None)
        self.changed.discard(customer)
        self._ages.drop(customer)

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def take_changed(self, clock: float) -> set[str]:
        """Returns who changed; nobody counts as changed afterwards. `clock`: the view's."""
        changed, self.changed = self.changed, set()
        self._ages.touch_all(changed, clock)
        return changed

    def leave(self, customer: str) -> None:
        """Forgets the age of a customer who has troubles now."""
        self._ages.drop(customer)

    def age(self, before: float) -> list[str]:
        """Returns who has not changed since the clock was at `before`, and has no age any more."""
        gone = self._ages.forget(before)
        for customer in gone:
            self.ends.pop(customer, None)
        return gone

    def moments(self, customers: Collection[str]) -> Iterator[tuple[str, Moments]]:
        """Yields what is remembered of these customers, as it is stored."""
        return zip(customers, map(Moments, map(self.ends.__getitem__, customers)), strict=True)

    def restored(self) -> None:
        """Ends a restore: who was stored last is the youngest."""
        self._ages.restore(self.ends.items())
