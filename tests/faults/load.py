"""The load of one round is known beforehand, and so is what must come of it, from nothing but what is published."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

import msgspec

from deploy.simulator.faults import Outage
from deploy.simulator.people import People
from deploy.simulator.play import Record, encode
from deploy.simulator.product import Component, Message, Product, address, directory
from deploy.simulator.story import Story
from shared.events import Topic

CUSTOMERS, VICTIMS = 500, 60
BREAKS, HEALS, ENDS = 5.0, 35.0, 75.0  # seconds into the round's story
USAGE_S = 30.0
SPEED = 3.0  # times faster than it happened a story is told


@dataclass(frozen=True)
class Load:
    """One round: customers and components of its own, and an outage that ends."""

    number: int
    directory: Sequence[Record]
    trouble: Sequence[Record]  # until just before it heals: the incident stays open
    recovery: Sequence[Record]
    events: int
    cells: Counter[tuple[str, bool, int]]  # (component, ok, second of event time) → requests
    victims: frozenset[str]  # addresses of those whose requests to one component failed twice and more
    writers: frozenset[str]  # addresses of the victims who wrote in
    components: frozenset[str] = field(default_factory=frozenset)

    @property
    def prefix(self) -> str:
        """Returns what the ids of its customers begin with."""
        return f"r{self.number}-"


def begins(speed: float = SPEED) -> float:
    """Returns when a story that is told from now on must begin, seconds since the epoch, so that none of it comes from the future."""
    return time.time() - ENDS * (1 - 1 / speed) - 5


def load(number: int, events: int, start: float, seed: int, speed: float = SPEED) -> Load:
    """Returns so many product events that begin at `start` (seconds since the epoch), and some requests for support among them.

    The story is played `speed` times faster than it happened.
    """
    components = (Component(f"checkout-{number}", 0.6), Component(f"search-{number}", 0.4))
    rate = max(events / ENDS - CUSTOMERS / USAGE_S - len(components) / 5, 20.0)
    product = Product(CUSTOMERS, rate, components, usage_s=USAGE_S, prefix=f"r{number}-", seed=seed)
    story = Story(product, (Outage(components[0].name, VICTIMS, BREAKS, HEALS),), People(insist=0.2, questions=0.02))
    messages = list(_so_many(story, events))
    records = list(encode(messages, start, f"/faults/{number}"))
    cells, _ = _requests(records)
    _, failures = _requests([record for record in records if BREAKS <= record.offset < HEALS])
    return Load(
        number,
        directory=[record._replace(offset=0.0) for record in encode(directory(product), start, f"/faults/{number}")],
        trouble=[_sooner(record, 0.0, speed) for record in records if record.offset < HEALS],
        recovery=[_sooner(record, HEALS, speed) for record in records if record.offset >= HEALS],
        events=events,
        cells=cells,
        victims=frozenset(address(customer) for (_, customer), count in failures.items() if count >= 2),
        writers=frozenset(address(each.key) for each in messages if each.id.startswith("complaint-")),
        components=frozenset(component.name for component in components),
    )


def _so_many(story: Story, events: int) -> Iterator[Message]:
    """The story until it has that many product events; everybody counts as told, so only those who insist write in."""
    left = events

    def some_left(message: Message) -> bool:
        nonlocal left
        left -= message.topic == Topic.PRODUCT_EVENTS
        return left >= 0

    return takewhile(some_left, story.messages(told=lambda _: True))


def _sooner(record: Record, since: float, speed: float) -> Record:
    return record._replace(offset=(record.offset - since) / speed)


class _Request(msgspec.Struct):
    type: str
    time: datetime
    subject: str = ""
    data: dict[str, object] = {}


def _requests(records: Sequence[Record]) -> tuple[Counter[tuple[str, bool, int]], Counter[tuple[str, str]]]:
    """Returns what the published bytes say: requests by component, outcome and second; failures by component and customer."""
    cells: Counter[tuple[str, bool, int]] = Counter()
    failures: Counter[tuple[str, str]] = Counter()
    decode = msgspec.json.Decoder(_Request).decode
    for record in records:
        said = decode(record.value)
        if said.type == "com.example.request":
            ok = bool(said.data["ok"])
            cells[str(said.data["component"]), ok, int(said.time.timestamp())] += 1
            failures[str(said.data["component"]), said.subject] += not ok
    return cells, failures
