"""The console's figures equal a recount straight from the facts, whatever the facts are and however often each comes."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.console.hearing import customers, incidents, notifications, tickets
from services.console.store import measures
from shared.events import TOPIC_OF, CustomerErased, Fact, Topic
from shared.events.tickets import TicketOpened, TicketReopened, TicketReplied, TicketResolved, TicketState
from shared.postgres import Database
from shared.settings import Settings
from tests.recount import recount
from tests.unit.ticketing.builders import NOW, dismissed, impact, minutes, opened, reopened, resolved, told

CUSTOMERS = [f"c-{number}" for number in range(8)]
INCIDENTS = ["i-1", "i-2", "i-3"]
HANDLERS = {
    Topic.INCIDENTS: incidents.on_incidents,
    Topic.NOTIFICATIONS: notifications.on_notifications,
    Topic.TICKETS: tickets.on_tickets,
    Topic.CUSTOMERS: customers.on_customers,
}
ORDER = tuple(HANDLERS)


def a_ticket(chance: random.Random, number: int) -> Iterator[Fact]:
    """Yields the life of a ticket: opened, and perhaps answered, resolved and reopened."""
    id_, at = f"t-{number}", NOW + timedelta(seconds=chance.randrange(600))
    customer = chance.choice(CUSTOMERS)
    about = {"channel": "form", "subject": "", "component": None, "priority": "normal", "opened_at": at}
    stands: dict[str, object] = {
        **about,
        "status": "open",
        "assignee": None,
        "incident_id": chance.choice([*INCIDENTS, None]),
        "due_at": at,
    }
    said = {"ticket_id": id_, "number": number, "customer_id": customer}

    def state(**now: object) -> TicketState:
        stands.update(now)
        return TicketState.model_validate(stands)

    yield TicketOpened.of(TicketOpened.Data.model_validate({**said, **about, "state": state()}), subject=id_, at=at)
    if chance.random() < 0.6:
        at += minutes(chance.randrange(1, 9))
        reply = {"reply_id": f"r-{number}", "kind": "reply", "author": "ada", "subject": "", "body": "", "replied_at": at}
        now = state(responded_at=at, responded_by="ada", responded_automatically=False)
        yield TicketReplied.of(TicketReplied.Data.model_validate({**said, **reply, "state": now}), subject=id_, at=at)
    if chance.random() < 0.6:
        at += minutes(chance.randrange(1, 9))
        over = {"resolution": "", "resolved_at": at, "state": state(status="resolved", resolved_at=at)}
        yield TicketResolved.of(TicketResolved.Data.model_validate({**said, **over}), subject=id_, at=at)
        if chance.random() < 0.5:
            at += minutes(1)
            back = {"reason": "", "reopened_at": at, "state": state(status="open", resolved_at=None)}
            yield TicketReopened.of(TicketReopened.Data.model_validate({**said, **back}), subject=id_, at=at)


def facts(seed: int) -> list[Fact]:
    """Returns facts of every kind that a measure follows from, topic by topic, some of them twice."""
    chance = random.Random(seed)
    said: list[Fact] = []
    for incident in INCIDENTS:
        said += [opened(incident), impact(*chance.sample(CUSTOMERS, 5), incident=incident)]
        said += [dismissed(incident) if chance.random() < 0.5 else resolved(incident)] * chance.randrange(3)
        said += [reopened(incident)] * chance.randrange(2)
        said += [told(each, NOW + timedelta(seconds=chance.randrange(600)), incident) for each in chance.sample(CUSTOMERS, 5)]
    for number in range(1, 13):
        said += a_ticket(chance, number)
    if chance.random() < 0.5:
        said.append(CustomerErased.of(CustomerErased.Data(), subject=chance.choice(CUSTOMERS), at=NOW + timedelta(days=1)))
    return [fact for topic in ORDER for fact in said if TOPIC_OF[type(fact)] is topic for _ in range(chance.randrange(1, 3))]


@pytest.mark.parametrize("seed", range(12))
async def test_both_agree(fresh_database: Settings, seed: int) -> None:
    said = facts(seed)
    database = Database(fresh_database, "console")
    await database.open()
    try:
        for topic in ORDER:
            async with database.transaction() as tx:
                await HANDLERS[topic](tx, [fact for fact in said if TOPIC_OF[type(fact)] is topic])
        async with database.transaction() as tx:
            counted = await measures.of_period(tx, timedelta(days=700))
            of_incident = {incident: await measures.of_incident(tx, incident) for incident in INCIDENTS}
    finally:
        await database.close()
    again = recount(said)
    assert counted.figures == pytest.approx(again.of_period(counted.since, counted.at), nan_ok=False)
    for incident, figures in of_incident.items():
        assert figures == pytest.approx(again.of_incident(incident))
