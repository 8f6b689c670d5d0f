"""The customers who have no trouble that a rule follows: of each, only when the latest event was that ends trouble. Pure.

Nearly all customers are such ones, and nearly all events concern them: a batch costs a few operations on dictionaries, and no object
for each customer.
"""

from itertools import islice

Ends = dict[str, float]  # by customer


class Calm:
    """Customers without troubles, each with the event time of the latest event that ends trouble; 0: none is known."""

    __slots__ = ("_changes", "_latest", "_passed", "changed", "ends")

    def __init__(self) -> None:
        self.ends = Ends()  # also of some who are forgotten already
        self.changed = Ends()  # of those who changed since the last checkpoint
        self._latest = 0.0  # of all ends that were ever put here
        self._passed = 0.0  # whose latest end is before it is forgotten
        self._changes = 0  # since all were looked through

    def of(self, customer: str) -> float | None:
        """Returns the latest end; None when the customer is not known here."""
        ended = self.ends.get(customer)
        return None if ended is None or ended < self._passed else ended

    def end(self, coming: Ends) -> set[str]:
        """Takes the latest end of each of these customers, who have no troubles; returns those who were not known.

        What is later than all that came before need not be held against what is known.
        """
        for customer in [each for each, at in coming.items() if at <= self._latest]:
            if coming[customer] <= self.ends.get(customer, 0.0):
                del coming[customer]
        known = len(self.ends)
        self.put(coming)
        return set(islice(reversed(self.ends), len(self.ends) - known))  # who is new stands last

    def put(self, later: Ends) -> None:
        """Counts these customers here from now on, or with a later end."""
        self._latest = max(self._latest, max(later.values(), default=0.0))
        self.ends |= later
        self.changed |= later

    def restore(self, stored: Ends) -> None:
        """Takes back what was stored of these customers, later states after earlier ones."""
        self._latest = max(self._latest, max(stored.values(), default=0.0))
        self.ends |= stored

    def forget(self, customer: str) -> None:
        self.ends.pop(customer, None)
        self.changed.pop(customer, None)

    # ── a checkpoint ─────────────────────────────────────────────────────────────────────────

    def take_changed(self) -> Ends:
        """Returns who changed; nobody counts as changed afterwards."""
        changed, self.changed = self.changed, Ends()
        self._changes += len(changed)
        return changed

    def age(self, before: float) -> None:
        """Forgets those whose latest end was before that. They are dropped once half as many have changed, a small cost for each."""
        self._passed = before
        if self._changes * 2 > len(self.ends):
            self.all()

    def all(self) -> Ends:
        """Returns all who are not forgotten; the others are dropped."""
        self._changes, passed = 0, self._passed
        if any(map(passed.__gt__, self.ends.values())):
            self.ends = {customer: ended for customer, ended in self.ends.items() if ended >= passed}
        return self.ends
