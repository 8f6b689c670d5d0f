"""A customer has many names: what is said under each of them is the customer's, before it was known as well as after."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from services.monitor.hearing.customers import on_customers
from services.monitor.rules.file import RulesFile
from shared.events import CustomerUpdated, ProductEvent
from shared.postgres import Database
from tests.flow.monitor_alerts import alert, alert_rules
from tests.flow.monitor_risks import Desk, after
from tests.unit.monitor.builders import request, rule
from tests.unit.monitor.risk.building import happened, payment, streak

pytestmark = pytest.mark.asyncio

RULE = streak()
MANY = RulesFile(rules=[rule(open={"ratio": 0.5, "events": 4, "customers": 2}, impact={"at_least": 1})])


def identified(customer: str, anonymous: str, at: float) -> ProductEvent:
    """Returns Segment's call that says who the anonymous one is."""
    return ProductEvent(
        id=f"identify-{customer}-{anonymous}-{at}",
        source="/hooks/segment",
        type="com.segment.identify",
        time=after(seconds=at),
        specversion="1.0",
        subject=customer,
        data={"anonymous_id": anonymous, "user_id": customer},
    )


class TwoDesks:
    """Two processes, each with two of the four partitions."""

    def __init__(self, database: Database) -> None:
        self.one, self.other = Desk(database, RULE), Desk(database, RULE)
        self.other.topics = self.one.topics

    async def start(self) -> None:
        for desk, mine in ((self.one, (0, 1)), (self.other, (2, 3))):
            await desk.start()
            await desk.events.assign(*mine)
            await desk.partials.assign(*mine)

    async def settle(self) -> None:
        for _ in range(3):
            while await self.one.turn() + await self.other.turn():
                pass
            for desk in (self.one, self.other):  # as the notification of Postgres would
                desk.folding.names_changed()
                await desk.events.stream.tick()


async def read(desk: Desk | TwoDesks, *events: ProductEvent) -> None:
    (desk if isinstance(desk, Desk) else desk.one).happens(*events)
    await desk.settle()


async def updated(desk: Desk, customer: str, aliases: Sequence[str], at: datetime) -> None:
    """Has a fact of customers.v1 heard, and what follows from it settled."""
    async with desk.database.transaction() as tx:
        await on_customers(tx, [CustomerUpdated.of(CustomerUpdated.Data(aliases=tuple(aliases)), subject=customer, at=at)])
    desk.folding.names_changed()
    await desk.events.stream.tick()
    await desk.settle()


async def names(desk: Desk) -> dict[str, Any]:
    return {row["alias"]: row["customer_id"] for row in await desk.rows("SELECT alias, customer_id FROM aliases")}


@pytest.fixture
async def desk(monitor_database: Database) -> Desk:
    made = Desk(monitor_database, RULE)
    await made.start()
    return made


@pytest.mark.parametrize("processes", [1, 2])
async def test_failures_of_an_anonymous_visitor_are_the_customers_when_they_say_who_they_are(
    processes: int, monitor_database: Database
) -> None:
    desks = Desk(monitor_database, RULE) if processes == 1 else TwoDesks(monitor_database)
    one = desks if isinstance(desks, Desk) else desks.one
    await desks.start()
    # Given customers each of whom failed twice before they sign in
    people = {f"anon-{number}": f"c-{number}" for number in range(8)}
    await read(desks, *(payment(at, customer=anonymous) for anonymous in people for at in (0, 10)))
    # When they say who they are, and it fails once more
    await read(desks, *(identified(customer, anonymous, 15) for anonymous, customer in people.items()))
    await read(desks, *(payment(20, customer=anonymous) for anonymous in people))
    # Then each is at risk by three failures, under their own name
    assert sorted(one.said()) == [("raised", customer, RULE.id) for customer in sorted(people.values())]
    assert await names(one) == people
    # and all of it again is nothing new, neither in this process's life nor in the next one's
    await read(desks, *(payment(at, customer=anonymous) for anonymous in people for at in (0, 10, 20)))
    await desks.start()
    await read(desks, *(payment(at, customer=anonymous) for anonymous in people for at in (0, 10, 20)))
    account = await one.account()
    assert (account["counted"], account["duplicate"]) == (24, 48)
    assert len(one.said()) == 8
    assert await one.rows("SELECT * FROM fold_moves") == []


async def test_it_is_the_same_however_often_the_process_dies_and_the_topic_is_read(monitor_database: Database) -> None:
    desk = Desk(monitor_database, RULE, at_once=1)
    await desk.start()
    desk.happens(payment(0, customer="anon"), payment(10, customer="c-1"), identified("c-1", "anon", 15), payment(20, customer="anon"))
    while await desk.turn():
        await desk.take_without_saving()
        await desk.start()  # what was taken since the checkpoint is gone, and comes again
    counted = (await desk.account())["counted"]
    for _ in range(2):
        await desk.replay("product.events.v1")
    assert set(desk.said()) == {("raised", "c-1", RULE.id)}
    assert (counted, (await desk.account())["counted"], len(await desk.risks())) == (3, 3, 1)


async def test_a_risk_that_was_raised_under_a_name_goes_over_to_the_customer(desk: Desk) -> None:
    await desk.read(*(payment(at, customer="anon") for at in (0, 10, 20)))
    await desk.read(identified("c-1", "anon", 30))
    assert set(desk.said()) == {("raised", "anon", RULE.id), ("cleared", "anon", "renamed"), ("raised", "c-1", RULE.id)}
    await desk.start()
    await desk.read(payment(40, "paid", customer="anon"))
    assert ("cleared", "c-1", "recovered") in desk.said()


async def test_one_event_under_two_names_counts_once(desk: Desk) -> None:
    await desk.read(identified("c-1", "anon", 0))
    same = {"id_": "e-1"}
    await desk.read(happened("payment", 10, "anon", **same, status="failed"), happened("payment", 10, "c-1", **same, status="failed"))
    account = await desk.account()
    assert (account["counted"], account["duplicate"]) == (1, 1)


async def test_an_incident_touches_the_customer_and_no_name_of_theirs(monitor_database: Database) -> None:
    desk = Desk(monitor_database)
    desk.rules = MANY
    await desk.start()
    await desk.read(*(request(at, ok=False, customer=name) for at in (1, 2) for name in ("anon", "c-1", "c-2", "c-3")))
    assert {row["customer_id"] for row in await desk.impact()} == {"anon", "c-1", "c-2", "c-3"}
    await desk.read(identified("c-1", "anon", 3))
    assert [(row["customer_id"], row["count"]) for row in await desk.impact()] == [("c-1", 4), ("c-2", 2), ("c-3", 2)]
    [incident] = await desk.rows("SELECT affected, likely FROM incidents")
    assert incident == {"affected": 3, "likely": 0}
    counted = [tally for (_, _), bucket in (await desk.counts()).items() for tally in [bucket.get("checkout")] if tally]
    assert [customers for _, _, customers in counted if customers] == [3]
    # and all of it again changes nothing
    before = await desk.tables()
    await desk.replay("product.events.v1")
    assert await desk.tables() == before


async def test_whom_an_alert_names_by_another_name_is_the_customer_before_it_is_known_as_well_as_after(monitor_database: Database) -> None:
    desk = Desk(monitor_database)
    desk.rules = alert_rules()
    await desk.start()
    await updated(desk, "c-1", ["B-17"], after(seconds=0))
    await desk.read(alert("a1", since=1, customer="B-17"), alert("a2", since=2, customer="anon"))
    assert {(row["customer_id"], row["certainty"]) for row in await desk.impact()} == {("c-1", "confirmed"), ("anon", "confirmed")}
    await desk.read(identified("c-2", "anon", 3))
    assert {(row["customer_id"], row["certainty"]) for row in await desk.impact()} == {("c-1", "confirmed"), ("c-2", "confirmed")}
    # and when the alert of before is said again, nobody is added
    await desk.read(alert("a2", since=2, customer="anon"), alert("a1", since=1, customer="B-17"))
    assert {row["customer_id"] for row in await desk.impact()} == {"c-1", "c-2"}
    assert await desk.rows("SELECT affected FROM incidents") == [{"affected": 2}]


async def test_customers_say_their_names_and_may_take_them_back(desk: Desk) -> None:
    await desk.read(payment(0, customer="ada@example.org"), payment(10, customer="c-1"))
    await updated(desk, "c-1", ["ada@example.org", "B-17", "null"], after(seconds=11))
    assert await names(desk) == {"ada@example.org": "c-1", "B-17": "c-1"}
    await desk.read(payment(20, customer="B-17"))
    assert desk.said() == [("raised", "c-1", RULE.id)]
    await updated(desk, "c-1", ["B-17"], after(seconds=25))
    ada = [payment(at, customer="ada@example.org") for at in (30, 31, 32)]
    await desk.read(*ada[:2])  # what failed before is the customer's, so that these are not enough
    assert len(desk.said()) == 1
    await desk.read(ada[2])
    assert ("raised", "ada@example.org", RULE.id) in desk.said()


async def test_a_name_that_changes_hands_is_the_new_ones_from_then_on(desk: Desk) -> None:
    await updated(desk, "c-1", ["shared"], after(seconds=0))
    await desk.read(payment(1, customer="shared"), payment(2, customer="shared"))
    await updated(desk, "c-2", ["shared"], after(seconds=10))
    await desk.read(payment(11, customer="shared"), payment(12, customer="shared"))
    assert desk.said() == []
    await desk.read(payment(3, customer="shared"))  # late: it was theirs who had the name then
    assert desk.said() == [("raised", "c-1", RULE.id)]
    await desk.read(payment(13, customer="c-2"))
    assert sorted(desk.said()) == [("raised", "c-1", RULE.id), ("raised", "c-2", RULE.id)]


async def test_a_way_of_several_names_leads_to_the_customer(desk: Desk) -> None:
    await desk.read(payment(0, customer="anon"), identified("login", "anon", 1))
    await desk.read(payment(10, customer="anon"), identified("c-1", "login", 11))
    await desk.read(payment(0, customer="anon"), payment(10, customer="anon"), payment(20, customer="anon"))
    assert desk.said() == [("raised", "c-1", RULE.id)]
    await desk.read(identified("anon", "c-1", 30))  # in a circle
    assert await names(desk) == {"anon": "c-1", "login": "c-1"}


async def test_who_is_erased_is_erased_under_every_name(desk: Desk) -> None:
    await desk.read(identified("c-1", "anon", 0), *(payment(at, customer="anon") for at in (0, 10, 20)))
    await desk.erase("c-1", after(seconds=60))
    assert await names(desk) == {}
    assert await desk.risks() == []
    # What is older brings nothing back, under either name
    await desk.read(identified("c-1", "anon", 0), *(payment(at + 1, customer="anon") for at in (0, 10, 20)))
    await desk.read(*(payment(at + 2, customer="c-1") for at in (0, 10, 20)))
    assert await names(desk) == {}
    assert await desk.risks() == []
    held = await desk.rows("SELECT rows FROM fold_moments")
    assert not any(b"anon" in row["rows"] or b"c-1" in row["rows"] for row in held)
