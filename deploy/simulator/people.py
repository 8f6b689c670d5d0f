"""Decides how customers behave in trouble: how long they wait for a word before they write in, who insists, and what they write."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from deploy.simulator.product import Message, Product
from shared.events import SupportRequested, Topic

COMPLAINTS = (
    ("Cannot pay", "The {component} hangs and then says that something went wrong."),
    ("Error at {component}", "I have tried it several times now. Is it me or is it you?"),
    ("Is my order lost?", "I was at the {component} when it broke. Please tell me what happens to my order."),
)
QUESTIONS = (
    ("An invoice for March", "Where do I find the invoice for March?"),
    ("Changing my address", "How do I change my postal address?"),
    ("Your opening hours", "Until when can I call you on Fridays?"),
)


class Temper(NamedTuple):
    """Says how patient one customer is."""

    patience_s: float  # from their first failure to the moment they write in, if nobody told them
    insists: bool  # writes in at that moment even when told


@dataclass(frozen=True)
class People:
    """Draws each customer's patience: log-normal around its median and never below `at_least_s`, since a form takes time to fill in.

    The few who insist have a short patience: they decide to write before they read their mail.
    """

    median_s: float = 90.0
    spread: float = 0.8  # the standard deviation of its logarithm
    at_least_s: float = 10.0
    insist: float = 0.06  # of all customers
    insist_within_s: float = 18.0
    questions: float = 0.05  # a second, from customers without trouble, about something else

    def temper(self, product: Product, number: int) -> Temper:
        dice = product.random("temper", number)
        if dice.random() < self.insist:
            return Temper(dice.uniform(self.at_least_s, self.insist_within_s), insists=True)
        return Temper(max(self.at_least_s, dice.lognormvariate(math.log(self.median_s), self.spread)), insists=False)


def complaint(product: Product, number: int, component: str, offset: float) -> Message:
    """Makes the request of a customer who writes in about what fails; half of them do not say where."""
    dice = product.random("complaint", number, component)
    subject, body = (text.format(component=component) for text in dice.choice(COMPLAINTS))
    return _request(product, number, f"complaint-{component}-{number}", offset, (subject, body, dice.choice((component, None))))


def questions(product: Product, people: People, spared: frozenset[int]) -> Iterator[Message]:
    """Yields requests about something else, of customers without trouble, for ever; `spared` is who never asks."""
    dice, asked, offset = product.random("questions"), 0, 0.0
    others = [number for number in product.everyone if number not in spared]
    while people.questions and others:
        offset += dice.expovariate(people.questions)
        yield _question(product, dice, dice.choice(others), asked, offset)
        asked += 1


def _question(product: Product, dice: Random, number: int, asked: int, offset: float) -> Message:
    subject, body = dice.choice(QUESTIONS)
    return _request(product, number, f"question-{asked}", offset, (subject, body, None))


def _request(product: Product, number: int, id_: str, offset: float, words: tuple[str, str, str | None]) -> Message:
    subject, body, component = words
    data = SupportRequested.Data(channel="form", subject=subject, body=body, component=component)
    customer_id, of_type = product.customer_id(number), "forewarn.support.requested.v1"
    return Message(offset, Topic.SUPPORT_REQUESTS, customer_id, id_, of_type, customer_id, data.model_dump(mode="json"))
