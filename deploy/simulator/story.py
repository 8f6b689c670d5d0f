"""Tells a story: a product, what breaks in it and how its people behave, as one stream of messages in order of time."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count, takewhile
from operator import itemgetter

from deploy.simulator.faults import ColdStart, Fault, Outage
from deploy.simulator.people import People, complaint, questions
from deploy.simulator.product import ODD_FAILURE_GAP_S, Component, Message, Product, heartbeats, usage
from shared.events import Topic

Told = Callable[[str], bool]  # says whether this customer was told by now
Victims = dict[int, list[tuple[float, float]]]  # by customer: from when until when everything fails for them


def nobody(_customer_id: str) -> bool:
    """Says that nobody is told anything."""
    return False


@dataclass(frozen=True)
class Story:
    """Tells the same messages with the same ids each time; who writes in also depends on who was told."""

    product: Product = field(default_factory=Product)
    faults: tuple[Fault, ...] = ()
    people: People = field(default_factory=People)

    def messages(self, told: Told = nobody, until: float = float("inf")) -> Iterator[Message]:
        """Yields everything that happens before `until` (seconds into the story), in order of time.

        `told` is asked when a customer's patience ends; a customer who was told by then does not write in, unless they insist.
        """
        waiting = Waiting(self)
        streams = [_requests(self, component, waiting) for component in self.product.components]
        streams += [heartbeats(self.product), usage(self.product)]
        streams.append(questions(self.product, self.people, frozenset(self.victims)))
        for message in takewhile(lambda m: m.offset < until, heapq.merge(*streams, key=itemgetter(0))):
            yield from waiting.over(message.offset, told)
            yield message

    @cached_property
    def victims(self) -> frozenset[int]:
        """Returns the customers whom an outage hits."""
        return frozenset(number for fault in self.outages for number in fault.victims(self.product))

    @cached_property
    def outages(self) -> tuple[Outage, ...]:
        return tuple(fault for fault in self.faults if isinstance(fault, Outage))

    def would_write_at(self, number: int, first_failure: float) -> float:
        """Returns when a customer would write in if nobody told them, given their first failure; both in seconds into the story."""
        return first_failure + self.people.temper(self.product, number).patience_s


def published(seed: int = 7, prefix: str = "c-") -> Story:
    """Returns the story of the demo: `checkout` fails for 137 of 1,000 customers, for 18 seconds after 6 quiet ones.

    Each customer comes to the checkout once in 4 seconds, so each victim fails there at least four times.
    """
    return Story(Product(seed=seed, prefix=prefix), faults=(Outage("checkout", customers=137, start=6.0, end=24.0),))


def load(rate: float, customers: int, components: tuple[Component, ...], seed: int = 7) -> Story:
    """Returns a story of nothing but requests and what comes with them, for measuring: no customer writes in."""
    return Story(Product(customers, rate, components, seed=seed), people=replace(People(), questions=0.0))


@dataclass
class Waiting:
    """Queues customers in trouble who have not written in yet, in the order in which their patience ends."""

    story: Story
    by_end: list[tuple[float, int, str]] = field(default_factory=list)
    known: set[tuple[int, str]] = field(default_factory=set)

    def failed(self, number: int, component: str, offset: float) -> None:
        """Notes that a victim's request failed; only the first one starts the clock."""
        if (number, component) not in self.known:
            self.known.add((number, component))
            heapq.heappush(self.by_end, (self.story.would_write_at(number, offset), number, component))

    def over(self, offset: float, told: Told) -> Iterator[Message]:
        """Yields the requests of those whose patience ended before `offset`, and who write in."""
        while self.by_end and self.by_end[0][0] <= offset:
            ended, number, component = heapq.heappop(self.by_end)
            product = self.story.product
            if self.story.people.temper(product, number).insists or not told(product.customer_id(number)):
                yield complaint(product, number, component, ended)


def _requests(story: Story, component: Component, waiting: Waiting) -> Iterator[Message]:
    """Yields all requests to one component, for ever: its customers take turns, each once a period."""
    product, name, step = story.product, component.name, 1 / (story.product.rate * component.share)
    dice, turns = product.random("requests", name), list(product.everyone)
    dice.shuffle(turns)
    victims = _victims(story, name)
    cold = [fault for fault in story.faults if isinstance(fault, ColdStart) and fault.component == name]
    odd_failure_at: dict[int, float] = {}
    for n in count():
        offset, number = (n + dice.random()) * step, turns[n % len(turns)]
        latency, odd = component.latency_ms * dice.lognormvariate(0.0, 0.3), dice.random() < product.odd_failures
        ok = not (odd and offset - odd_failure_at.get(number, -ODD_FAILURE_GAP_S) >= ODD_FAILURE_GAP_S)
        if not ok:
            odd_failure_at[number] = offset
        if victims and any(start <= offset < end for start, end in victims.get(number, ())):
            ok = False
            waiting.failed(number, name, offset)
        for start in cold:
            latency *= start.slowness(offset)
        customer_id, data = product.customer_id(number), {"component": name, "ok": ok, "latency_ms": round(latency)}
        yield Message(offset, Topic.PRODUCT_EVENTS, customer_id, f"{name}-{n}", "com.example.request", customer_id, data)


def _victims(story: Story, component: str) -> Victims:
    found: Victims = {}
    for outage in story.outages:
        if outage.component == component:
            for number, ill in outage.victims(story.product).items():
                found.setdefault(number, []).append(ill)
    return found
