"""Describes faults as data: an outage of one component for some of its customers, and a component that is slow after a start."""

from dataclasses import dataclass

from deploy.simulator.product import Product


@dataclass(frozen=True)
class Outage:
    """Every request of its victims to `component` fails, from `start` to `end` (seconds into the story).

    `customers` is how many are hit, or a share of all when below 1. With a `slow_start` the requests of the victims
    begin to fail one customer after another over that many seconds; with a `recovery` they end one after another.
    """

    component: str
    customers: float
    start: float
    end: float
    slow_start: float = 0.0
    recovery: float = 0.0

    def victims(self, product: Product) -> dict[int, tuple[float, float]]:
        """Returns who is hit, from when until when; the same for the same seed."""
        count = round(self.customers * product.customers if self.customers < 1 else self.customers)
        chosen = product.random("outage", self.component, self.start).sample(product.everyone, count)
        return {
            number: (self.start + self.slow_start * place / count, self.end + self.recovery * place / count)
            for place, number in enumerate(chosen)
        }


@dataclass(frozen=True)
class ColdStart:
    """`component` was started anew: its latency begins at `factor` times the normal and falls to it by `end`."""

    component: str
    start: float
    end: float
    factor: float = 10.0

    def slowness(self, offset: float) -> float:
        """Returns how many times slower than normal the component is at that moment."""
        if not self.start <= offset < self.end:
            return 1.0
        return 1.0 + (self.factor - 1.0) * (self.end - offset) / (self.end - self.start)


Fault = Outage | ColdStart
