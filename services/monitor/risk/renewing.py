"""When the customers of a history renew, and whom of them to judge beside their risks. Pure.

Live, the table of renewals and its due rows do the same: `store/renewals.py`, `acts/renewing.py`.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from datetime import date

from services.monitor.risk.renewal import look_at
from services.monitor.rules.renewal import RenewalRule
from shared.events import CustomerErased, CustomerUpdated, Fact

HEARD = (CustomerUpdated, CustomerErased)


class Renewing:
    """The days of renewal, as they were said last, and when time alone may change something."""

    def __init__(self, rules: Sequence[RenewalRule]) -> None:
        self.rules = rules
        self._of: dict[str, date] = {}
        self._changed: set[str] = set()
        self._looks: list[tuple[float, str]] = []
        self._planned: dict[str, float] = {}

    def hear(self, facts: Iterable[Fact]) -> None:
        """Takes what was said of customers."""
        for fact in facts:
            renews_at = fact.data.renews_at if isinstance(fact, CustomerUpdated) else None
            if renews_at is None:
                self._of.pop(fact.subject, None)
            else:
                self._of[fact.subject] = renews_at
            self._changed.add(fact.subject)

    def concern(self, customers: Iterable[str]) -> None:
        """Has these customers judged next."""
        self._changed.update(customers)

    def of(self, customer: str) -> date | None:
        return self._of.get(customer)

    def take_concerned(self, moved: Iterable[str], now: float) -> list[str]:
        """Returns the customers to judge now: whose risks moved, of whom another day was said, and whose time has come."""
        concerned, self._changed = {*moved, *self._changed}, set()
        while self._looks and self._looks[0][0] <= now:
            at, customer = heapq.heappop(self._looks)
            if self._planned.get(customer) == at:
                del self._planned[customer]
                concerned.add(customer)
        return sorted(concerned)

    def plan(self, customer: str, today: date) -> None:
        """Has the customer, of whom a risk is open, looked at again when the renewal comes near or is over."""
        moments = [look_at(rule, self.of(customer), today) for rule in self.rules]
        following = min((each.timestamp() for each in moments if each is not None), default=math.inf)
        if following < self._planned.get(customer, math.inf):
            self._planned[customer] = following
            heapq.heappush(self._looks, (following, customer))
