"""A customer writes in about an outage: whatever we hear of first, they are answered once, at once, and told when it is over."""

import asyncio
import random
from datetime import timedelta
from itertools import permutations
from typing import Any

from services.ticketing.acts import agents
from services.ticketing.change import Actor, unless_refused
from services.ticketing.store import tickets
from services.ticketing.store.changes import apply
from shared.events import Fact, identity
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, STARTED, impact, minutes, opened, reopened, requested, resolved


async def test_a_ticket_of_an_affected_customer_is_linked_with_reasons_and_answered_at_once(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    [ticket] = await desk.tickets()
    assert (ticket["incident_id"], ticket["status"]) == ("i-1", "waiting")
    _, _, linked, replied = await desk.said()
    assert linked["data"]["reasons"] == [
        "The customer ran into it 3 times, from 09:58:00 to 10:00:00 UTC.",
        'It speaks of trouble with Checkout: "Cannot pay".',
        "It was written 3 min after the incident began.",
    ]
    assert (replied["data"]["kind"], replied["data"]["author"], replied["data"]["incident_id"]) == ("answer", "forewarn", "i-1")
    assert "Checkout is failing" in replied["data"]["body"]


async def test_incident_impact_and_ticket_give_the_same_link_and_one_answer_in_any_order(desk: Desk) -> None:
    found = []
    for order in permutations([opened(), impact("c-1"), requested(1)]):
        await desk.clear()
        await desk.tell(*order)
        assert (await desk.types()) == ["opened", "received", "linked", "replied"]
        found.append(await desk.everything(("tickets", "links", "messages", "clocks")))
    assert found == [found[0]] * 6


async def test_tickets_and_incidents_that_come_at_the_same_moment_find_each_other(desk: Desk) -> None:
    await desk.tell(opened())
    customers = [f"c-{number}" for number in range(40)]
    requests = (desk.tell(requested(customer, customer)) for customer in customers)
    impacts = (desk.tell(impact(customer, chunk=number)) for number, customer in enumerate(customers))
    await asyncio.gather(*(each for pair in zip(requests, impacts, strict=True) for each in pair))
    assert {ticket["incident_id"] for ticket in await desk.tickets()} == {"i-1"}
    assert (await desk.types()).count("replied") == len(customers)


async def test_who_is_not_affected_or_writes_about_something_else_is_not_answered(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1, component="search"), requested(2, "c-2"))
    assert await desk.types() == ["opened", "received", "suggested", "opened", "received"]


async def test_a_component_is_known_by_the_name_customers_use(desk: Desk) -> None:
    await desk.tell(opened(component="login"), impact("c-1"), requested(1, component="sign-in"))
    [ticket] = await desk.tickets()
    assert (ticket["component"], ticket["incident_id"]) == ("login", "i-1")


async def test_the_end_of_an_incident_resolves_the_linked_tickets_and_no_others_and_has_notifier_tell_their_customers(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1", "c-2"), requested(1), requested(2, "c-2"), requested(3, "c-3"))
    await desk.at(NOW + minutes(7))
    await desk.tell(resolved(at=NOW + minutes(7)))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved", "resolved", "open"]
    endings = (await desk.said())[10:]
    assert [(fact["type"], fact["data"]["tell"], fact["data"]["incident_id"]) for fact in endings] == [("resolved", True, "i-1")] * 2
    [line] = await desk.rows("SELECT detail FROM history WHERE what = 'resolved' AND ticket_id = $1", endings[0]["subject"])
    assert line["detail"]["customer_told_by"] == "notifier"
    assert [row["kind"] for row in await desk.rows("SELECT kind FROM messages WHERE side = 'support'")] == ["answer", "answer"]


async def test_an_end_that_customers_do_not_hear_of_resolves_their_tickets_without_a_word(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), resolved(at=NOW, tell=False))
    end = (await desk.said())[-1]
    assert (end["type"], end["data"]["tell"]) == ("resolved", False)
    [line] = await desk.rows("SELECT detail FROM history WHERE what = 'resolved'")
    assert line["detail"]["customer_told_by"] is None


async def test_a_ticket_its_agent_has_resolved_hears_nothing_of_the_end(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.rows("UPDATE tickets SET status = 'resolved', resolved_at = clock() RETURNING 1")
    await desk.tell(resolved(at=NOW + minutes(7)))
    assert await desk.types() == ["opened", "received", "linked", "replied"]


async def test_a_ticket_a_person_has_answered_is_linked_without_another_answer_and_hears_of_the_end(desk: Desk) -> None:
    await desk.tell(requested(1))
    async with desk.database.transaction() as tx:
        ticket = await tickets.ticket(tx, "1001")
        assert ticket is not None
        await apply(tx, [unless_refused(agents.replied(ticket, Actor("ada", "1"), NOW, "Let me look."))])
    await desk.tell(opened(), impact("c-1"), resolved(at=NOW))
    assert [(fact["type"], fact["data"].get("kind")) for fact in await desk.said()] == [
        ("opened", None),
        ("received", None),
        ("replied", "reply"),
        ("linked", None),
        ("resolved", None),
    ]
    assert (await desk.said())[-1]["data"]["tell"] is True


async def test_who_writes_just_after_the_end_is_told_that_it_is_fixed(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), resolved(at=NOW))
    await desk.at(NOW + minutes(30))
    await desk.tell(requested(1, at=NOW + minutes(30)))
    [ticket] = await desk.tickets()
    assert (ticket["incident_id"], ticket["status"]) == ("i-1", "waiting")
    assert "is fixed since 24 November 2026, 10:00 UTC" in (await desk.said())[-1]["data"]["body"]


async def test_who_writes_long_after_the_end_is_not(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), resolved(at=NOW))
    later = NOW + minutes(30) + timedelta(seconds=1)
    await desk.at(later)
    await desk.tell(requested(1, at=later))
    assert await desk.types() == ["opened", "received"]


async def test_a_reopened_incident_leaves_resolved_tickets_and_links_new_ones(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1), resolved(at=NOW), reopened(at=NOW + minutes(1)))
    await desk.at(NOW + minutes(2))
    await desk.tell(impact("c-2", chunk=1), requested(2, "c-2", at=NOW + minutes(2)), requested(3, "c-1", at=NOW + minutes(2)))
    assert [(each["status"], each["incident_id"]) for each in await desk.tickets()] == [
        ("resolved", "i-1"),
        ("waiting", "i-1"),
        ("waiting", "i-1"),
    ]
    await desk.tell(resolved(at=NOW + minutes(3), revision=3))
    assert {each["status"] for each in await desk.tickets()} == {"resolved"}
    assert [fact["data"]["tell"] for fact in await desk.said() if fact["type"] == "resolved"] == [True] * 3


async def test_a_request_older_than_a_day_is_linked_but_neither_answered_nor_told_of_the_end(desk: Desk) -> None:
    long_ago = NOW - timedelta(hours=24, seconds=1)
    await desk.tell(opened(started_at=long_ago), impact("c-1"), requested(1, at=long_ago), resolved(at=NOW, started_at=long_ago))
    assert [fact for fact in await desk.types() if fact != "sla_breached"] == ["opened", "received", "linked", "resolved"]
    assert (await desk.said())[-1]["data"]["tell"] is False


async def test_a_customer_answered_in_time_hears_of_the_end_however_late_it_comes(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    end = NOW + timedelta(hours=30)
    await desk.at(end)
    await desk.tell(resolved(at=end))
    assert [(fact["type"], fact["data"].get("tell")) for fact in (await desk.said())[-2:]] == [("replied", None), ("resolved", True)]


STORY: list[Fact] = [
    requested(1),
    opened(),
    impact("c-1", "c-2"),
    requested(2, "c-2"),
    requested(2, "c-2"),  # the same again
    requested(3, "c-3"),
    requested(4, "c-3", in_reply_to=identity("ticket", "/form", "3")),
    requested(5, "c-3", in_reply_to="#1003"),
    requested(6, "c-3", in_reply_to="#4711"),  # there is none
    requested(1),  # again, much later
    requested(7, "c-4", in_reply_to="1001"),  # somebody else's
    impact("c-3", "c-1", chunk=1),
    opened("i-2", STARTED, "search"),
    impact("c-4", "c-2", incident="i-2"),
    requested(8, "c-2", component="search"),
    resolved(at=NOW + minutes(1)),
    impact("c-1", "c-2"),  # again, after the end
    requested(9, "c-2", in_reply_to="1002"),  # opens it again
    requested(10, "c-2", in_reply_to="1002"),
    reopened(at=NOW + minutes(2)),
    impact("c-5", chunk=2),
    requested(11, "c-5"),
    resolved(at=NOW + minutes(3), revision=3),
    resolved("i-2", NOW + minutes(3), STARTED, "search"),
]


async def test_however_the_facts_are_cut_into_batches_the_same_tickets_are_linked_answered_once_and_ended(desk: Desk) -> None:
    """It depends on when we heard of both whether a ticket is linked just before an incident's end or just after."""
    await desk.tell(*STORY)
    expected = await outcome(desk)
    for seed in range(12):
        await desk.clear()
        dice, at = random.Random(seed), 0
        while at < len(STORY):
            size = dice.randrange(1, 2 + seed * 2)
            await desk.tell_at_once(STORY[at : at + size])
            at += size
        assert await outcome(desk) == expected, f"seed {seed}"
        twice = "SELECT ticket_id FROM messages WHERE kind = 'answer' GROUP BY ticket_id, incident_id HAVING count(*) > 1"
        assert await desk.rows(twice) == [], f"seed {seed}"
        waits = "SELECT * FROM links l JOIN incidents i ON i.id = l.incident_id WHERE l.ended_revision < i.ended_revision"
        assert await desk.rows(waits) == [], f"seed {seed}"


async def outcome(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """Returns what must be the same however the facts came."""
    everything = await desk.everything(("tickets", "links", "suggestions", "impact", "impact_to_match", "incidents"))
    kept = {
        "tickets": ("number", "customer_id", "incident_id"),
        "links": ("ticket_id", "incident_id"),
        "suggestions": ("ticket_id", "score"),
    }
    return {table: [{name: row[name] for name in kept.get(table, row)} for row in rows] for table, rows in everything.items()}


async def test_the_whole_story_again_from_the_start_changes_nothing_and_says_nothing(desk: Desk) -> None:
    await desk.tell(*STORY)
    expected = await desk.everything()
    await desk.at(NOW + minutes(20))
    await desk.tell_at_once(STORY)
    await desk.tell(*STORY)
    assert await desk.everything() == expected
