"""Which topics the console reads, what it hears on each, and how much of each it takes in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.console.hearing import customers, incidents, notifications, risks, tickets
from shared.events import FACTS, Topic
from shared.postgres import Database
from shared.stream import Stream
from shared.streaming.handling import Handling


@dataclass(frozen=True)
class Heard:
    """One topic, and the records of it that are taken at once."""

    topic: Topic
    at_once: int


# An impact names up to 500 customers; an erasure is a dozen statements.
HEARD = (
    Heard(Topic.CUSTOMERS, 500),
    Heard(Topic.INCIDENTS, 100),
    Heard(Topic.RISKS, 500),
    Heard(Topic.NOTIFICATIONS, 500),
    Heard(Topic.TICKETS, 500),
)


def handling(topic: Topic) -> Handling:
    """Returns what makes rows of a topic's records."""
    match topic:
        case Topic.CUSTOMERS:
            return Handling(topic, customers.FACTS, customers.on_customers, customers.on_forgotten)
        case Topic.INCIDENTS:
            return Handling(topic, FACTS[topic], incidents.on_incidents)
        case Topic.RISKS:
            return Handling(topic, FACTS[topic], risks.on_risks)
        case Topic.NOTIFICATIONS:
            return Handling(topic, notifications.FACTS, notifications.on_notifications)
        case Topic.TICKETS:
            return Handling(topic, FACTS[topic], tickets.on_tickets)
        case _:
            raise ValueError(f"the console does not read {topic}")


def streams(database: Database) -> Iterator[Stream]:
    """Yields a stream for each topic."""
    for each in HEARD:
        yield Stream("console", each.topic, handling(each.topic), database, at_once=each.at_once)
