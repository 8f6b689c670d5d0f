"""The outages of the latency run, and the plain reference that says of the same events which of them crosses the threshold."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from bench.events import COMPONENTS

RATE = 5000
WINDOW, RATIO, EVENTS, CUSTOMERS = 15.0, 0.05, 50, 10  # of bench/monitor/rules.yml
OF_ONE = 400  # customers of one component
EVERY, SPREADS = 2.0, 3.0  # seconds between outages, and for which one touches further customers
WARM_UP = 15.0  # a full window before the first outage
FAILING = 0.6  # share of the requests that fail of those it touches


@dataclass(frozen=True, slots=True)
class Request:
    """One request, `offset` seconds after the run began."""

    offset: float
    customer: int
    component: int
    ok: bool


class Reference:
    """The rule, counted plainly for one component: the moment it crosses, and each customer's first failure."""

    def __init__(self) -> None:
        self.crossed_at: float | None = None
        self.failed_at: dict[int, float] = {}
        self._window: deque[tuple[float, bool, int]] = deque()

    def take(self, at: float, ok: bool, customer: int) -> None:
        if not ok:
            self.failed_at.setdefault(customer, at)
        if self.crossed_at is not None:
            return
        self._window.append((at, ok, customer))
        while self._window[0][0] <= at - WINDOW:
            self._window.popleft()
        if not ok:
            bad = [who for _, fine, who in self._window if not fine]
            if len(self._window) >= EVENTS and len(bad) / len(self._window) >= RATIO and len(set(bad)) >= CUSTOMERS:
                self.crossed_at = at


def script(incidents: int, seed: int = 3) -> Iterator[Request]:
    """Yields requests without end. Every 2 s another component begins to fail, and it goes on failing for those whom it touched."""
    dice = Random(seed)
    touched: defaultdict[int, set[int]] = defaultdict(set)
    for number in count():
        offset, component = number / RATE, dice.randrange(COMPONENTS)
        customer, began = component * OF_ONE + dice.randrange(OF_ONE), WARM_UP + component * EVERY
        spreads, reached = began <= offset < began + SPREADS, customer in touched[component]
        ok = component >= incidents or not (spreads or reached) or dice.random() >= FAILING
        if not ok:
            touched[component].add(customer)
        yield Request(offset, customer, component, ok)


def length(incidents: int) -> float:
    """Returns the seconds until the last outage touches nobody more."""
    return WARM_UP + incidents * EVERY + SPREADS
