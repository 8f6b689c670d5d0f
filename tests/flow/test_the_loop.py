"""The whole loop in one story: an outage for 137 of 1,000 customers is found, they are told, answered and given the all-clear."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from deploy.simulator.play import encode
from deploy.simulator.product import address, directory
from deploy.simulator.story import published
from shared.events import IncidentImpact, NotificationDelivered, TicketLinked, TicketOpened, TicketReplied, TicketResolved, Topic
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.console_model import recounted, rows
from tests.flow.loop_world import World, opened

pytestmark = pytest.mark.asyncio

STORY = published()
VICTIMS = {STORY.product.customer_id(number) for number in STORY.victims}
CONFIG = Path(__file__).parents[2] / "deploy/config"


@pytest.fixture
async def world(fresh_database: Settings) -> AsyncIterator[World]:
    async with opened(fresh_database, CONFIG) as made:
        yield made


async def live(world: World, until: float) -> None:
    """Plays the story second by second; who has a mail was told."""
    messages = STORY.messages(told=lambda customer_id: bool(world.office.to(address(customer_id))), until=until)
    for second, coming in groupby(encode(messages, NOON.timestamp()), key=lambda record: int(record.offset)):
        await world.hear(list(coming))
        await world.loop.advance(NOON + timedelta(seconds=second + 1) - world.clock.now)


async def test_137_customers_are_told_answered_and_given_the_all_clear_and_nobody_else(world: World) -> None:
    # Given a product with 1,000 customers, all of them in the directory
    await world.hear(list(encode(directory(STORY.product), NOON.timestamp())))

    # When the checkout fails for 137 of them from 6 to 24 s, and is well again
    await live(world, until=60)
    await world.loop.advance(timedelta(minutes=2))

    # Then each of them was told once, while it still failed, and given the all-clear once
    assert world.told("opened") == world.told("resolved") == Counter(VICTIMS)
    delivered = [fact.data for fact in world.facts(Topic.NOTIFICATIONS) if isinstance(fact, NotificationDelivered)]
    assert max(each.delivered_at for each in delivered if each.kind == "opened") <= NOON + timedelta(seconds=24)

    # and those who wrote in all the same were answered at once, and their tickets ended with the incident
    tickets = {fact.subject: fact.data.customer_id for fact in world.facts(Topic.TICKETS) if isinstance(fact, TicketOpened)}
    about_it = {ticket for ticket, customer in tickets.items() if customer in VICTIMS}
    assert len(about_it) > 5
    for outcome in (TicketLinked, TicketReplied, TicketResolved):
        assert {fact.subject for fact in world.facts(Topic.TICKETS) if isinstance(fact, outcome)} == about_it
    assert world.told("answer") == Counter(tickets[ticket] for ticket in about_it)

    # and nobody else got a mail, whatever else they asked
    assert len(tickets) > len(about_it)
    assert {recipient for recipient, _ in world.office.mails} == {address(customer) for customer in VICTIMS}

    # and the console counts what the topics say
    figures = await counted(world)
    assert figures == recounted_from_topics(world)
    assert figures["affected"] == figures["told"] == len(VICTIMS)

    # And when every topic is read from its beginning once more, nobody hears anything
    before = len(world.office.mails), world.said(Topic.INCIDENTS, Topic.NOTIFICATIONS, Topic.TICKETS)
    await world.replay()
    assert (len(world.office.mails), world.said(Topic.INCIDENTS, Topic.NOTIFICATIONS, Topic.TICKETS)) == before
    assert await counted(world) == figures
    assert await recounted(world.database("console")) == []


async def counted(world: World) -> dict[str, int]:
    """Returns what the console counts of the one incident."""
    wanted = "affected, told, untold, wrote, told_first, tickets, (SELECT count(*) FROM tickets) AS all_tickets"
    [row] = await rows(world.database("console"), f"SELECT {wanted} FROM incidents")  # noqa: S608
    return row


def recounted_from_topics(world: World) -> dict[str, int]:
    """Counts the same from the facts themselves."""
    touched = {
        each.customer_id for fact in world.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact) for each in fact.data.customers
    }
    settled = [fact.data for fact in world.facts(Topic.NOTIFICATIONS) if isinstance(fact, NotificationDelivered)]
    told = {data.customer_id: data.delivered_at for data in settled if data.kind == "opened"}
    tickets = {fact.subject: fact.data for fact in world.facts(Topic.TICKETS) if isinstance(fact, TicketOpened)}
    linked = [tickets[fact.subject] for fact in world.facts(Topic.TICKETS) if isinstance(fact, TicketLinked)]
    wrote = {data.customer_id: min(each.opened_at for each in linked if each.customer_id == data.customer_id) for data in linked}
    return {
        "affected": len(touched),
        "told": len(touched & told.keys()),
        "untold": 0,
        "wrote": len(touched & wrote.keys()),
        "told_first": sum(told[each] <= wrote.get(each, told[each]) for each in touched & told.keys()),
        "tickets": len(linked),
        "all_tickets": len(tickets),
    }
