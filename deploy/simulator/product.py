"""Simulates the product: its components, its customers, how much they ask of it, and how often a request fails at random."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from shared.events import Contact, CustomerUpdated, Topic

FIRST_NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Katherine", "Tony", "Margaret", "Dennis", "Radia", "Ken")
PLACES = (("en", "Europe/London"), ("de", "Europe/Berlin"), ("fr", "Europe/Paris"), ("en", "America/New_York"), ("pt", "America/Sao_Paulo"))
TIERS = ("basic", "basic", "basic", "silver", "silver", "gold")

ODD_FAILURE_GAP_S = 60.0  # the retry works: a random failure strikes the same customer of a component at most once in this time


class Message(NamedTuple):
    """Is one thing the product says, `offset` seconds into the story; a CloudEvent but for its time."""

    offset: float
    topic: str
    key: str  # the subject, else the component
    id: str
    type: str
    subject: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Component:
    """Is one part of the product that customers use; `share` is its part of all requests, of 1."""

    name: str
    share: float
    latency_ms: float = 80.0  # the median


COMPONENTS = (
    Component("checkout", 0.5, 180.0),
    Component("search", 0.3, 45.0),
    Component("login", 0.1, 90.0),
    Component("account", 0.1, 70.0),
)


def alike(count: int) -> tuple[Component, ...]:
    """Makes that many components with equal shares, for load: component-1, component-2 and so on."""
    return tuple(Component(f"component-{n}", 1 / count) for n in range(1, count + 1))


@dataclass(frozen=True)
class Product:
    """Is a product with `customers` people who make `rate` requests a second together.

    Customers are numbered from 1; `prefix` tells those of one run from those of another.
    """

    customers: int = 1000
    rate: float = 500.0
    components: tuple[Component, ...] = COMPONENTS
    odd_failures: float = 0.001  # of all requests
    heartbeat_s: float = 5.0
    usage_s: float = 30.0  # each customer's usage is reported this often
    prefix: str = "c-"
    seed: int = 7

    def customer_id(self, number: int) -> str:
        return f"{self.prefix}{number}"

    def random(self, *purpose: object) -> Random:
        """Returns random numbers for one purpose, independent of how many another purpose draws."""
        return Random("/".join(map(str, (self.seed, *purpose))))

    def component(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)

    def period_s(self, component: Component) -> float:
        """Returns the seconds in which each customer of the component makes one request."""
        return self.customers / (self.rate * component.share)

    @cached_property
    def everyone(self) -> range:
        return range(1, self.customers + 1)


def directory(product: Product) -> Iterator[Message]:
    """Yields all customers, as the CRM announces them before anything happens."""
    for number in product.everyone:
        dice, customer_id = product.random("customer", number), product.customer_id(number)
        locale, timezone = dice.choice(PLACES)
        data = CustomerUpdated.Data(
            name=f"{dice.choice(FIRST_NAMES)} {number}",
            account=f"account-{1 + number // 10}",
            tier=dice.choice(TIERS),
            locale=locale,
            timezone=timezone,
            contacts=(Contact(channel="email", address=address(customer_id)),),
            consent={"incident": True},
            revenue=float(dice.randrange(20, 2000)),
        )
        of_type = "forewarn.customer.updated.v1"
        yield Message(0.0, Topic.CUSTOMERS, customer_id, f"customer-{number}", of_type, customer_id, data.model_dump(mode="json"))


def address(customer_id: str) -> str:
    """Returns where a simulated customer reads mail; example.org never receives any (RFC 2606)."""
    return f"{customer_id}@example.org"


def heartbeats(product: Product) -> Iterator[Message]:
    """Yields heartbeats of machines, without a customer: component by component, for ever."""
    number = 0
    while True:
        component = product.components[number % len(product.components)].name
        offset = product.heartbeat_s * (number // len(product.components) + (number % len(product.components)) / len(product.components))
        data = {"component": component, "host": f"{component}-1"}
        yield Message(offset, Topic.PRODUCT_EVENTS, component, f"heartbeat-{number}", "com.example.heartbeat", None, data)
        number += 1


def usage(product: Product) -> Iterator[Message]:
    """Yields what each customer has used lately, for ever."""
    dice, number = product.random("usage"), 0
    while True:
        customer_id = product.customer_id(number % product.customers + 1)
        offset = (number + dice.random()) * product.usage_s / product.customers
        data = {"component": "account", "orders": dice.randrange(5), "minutes": dice.randrange(60)}
        yield Message(offset, Topic.PRODUCT_EVENTS, customer_id, f"usage-{number}", "com.example.usage", customer_id, data)
        number += 1
