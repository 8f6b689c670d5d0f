"""Which customers of one rule and partition are looked at in a checkpoint: whoever changed, and whose time has come. Pure."""

import heapq
import math
from collections.abc import Iterable, Mapping

from services.monitor.fold.customers import Customers
from services.monitor.risk.finding import Span
from services.monitor.risk.registry import KINDS
from services.monitor.rules.customers import CustomerRule


class Looking:
    """One rule's risks in one partition: who may have an open one, and when the passing of time alone changes something for a customer."""

    def __init__(self, rule: CustomerRule, customers: Customers, risks: Mapping[str, Span]) -> None:
        """`risks`: the open ones, by customer. All who may be concerned are looked at first."""
        self.rule, self.customers = rule, customers
        self._kind, self._open = KINDS[rule.detector], dict(risks)
        self._least = self._kind.least(rule)
        self._looks = [(0.0, customer) for customer in {*risks, *customers.troubled(self._least)}]
        self._planned = {customer: at for at, customer in self._looks}

    @property
    def next_at(self) -> float:
        """Returns when a customer must be looked at though nothing comes; infinity: never."""
        return self._looks[0][0] if self._looks else math.inf

    def concerned(self, now: float) -> set[str]:
        """Returns the customers who are to be looked at now: whose time has come, and who changed with troubles enough or an open risk.

        `now`: the moment up to which all is known, seconds since the epoch.
        """
        changed, risks = self.customers.changed, self._open.keys()
        return {
            *self.customers.troubled(self._least, changed),
            *(risks & changed),
            *(risks & self.customers.calm.changed.keys()),
            *self._due(now),
        }

    def _due(self, now: float) -> Iterable[str]:
        while self._looks and self._looks[0][0] <= now:
            at, customer = heapq.heappop(self._looks)
            if self._planned.get(customer) == at:
                del self._planned[customer]
                yield customer

    def is_suspect(self, customer: str, now: float) -> bool:
        """Says whether the customer's risk may be raised or cleared now, and plans when to look again. How it stands, its row says."""
        moments, risk = self.customers.of(customer), self._open.get(customer)
        if risk is None and len(moments.troubles) < self._least:
            return False
        self._plan(customer, now)
        if risk is not None and self._kind.over(self.rule, moments, risk, now) is not None:
            return True
        return self._kind.find(self.rule, moments, now) is not None

    def stands(self, customer: str, risk: Span | None, now: float) -> None:
        """Notes how the customer's risk stands; None: none is open."""
        if risk is None:
            self._open.pop(customer, None)
        else:
            self._open[customer] = risk
        self._plan(customer, now)

    def _plan(self, customer: str, now: float) -> None:
        """A customer has one planned look, the earliest: when that comes, the next is planned."""
        at = self._kind.look_at(self.rule, self.customers.of(customer), self._open.get(customer), now)
        if at < self._planned.get(customer, math.inf):
            self._planned[customer] = at
            heapq.heappush(self._looks, (at, customer))
