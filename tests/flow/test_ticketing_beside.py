"""Two transactions are interleaved by hand: neither waits for the other, and whichever commits last sees the other."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.ticketing.hearing.incidents import on_incidents
from services.ticketing.hearing.requests import on_requests
from shared.events import Fact, IncidentImpact
from shared.postgres import Tx
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW, dismissed, impact, minutes, opened, requested, resolved

INVOICE: dict[str, Any] = {"subject": "An invoice", "body": "Please send me an invoice."}


async def take(tx: Tx, *facts: Fact) -> None:
    """Takes facts as a stream does, within a second: nobody may hold a lock it needs."""
    of_incidents = [fact for fact in facts if fact.type.startswith("forewarn.incident")]
    async with asyncio.timeout(1):
        await on_incidents(tx, of_incidents)
        await on_requests(CONFIGURATION, tx, [fact for fact in facts if fact not in of_incidents])


async def interleave(desk: Desk, earlier: Fact, later: Fact) -> None:
    """Takes both before either is committed; what follows from the first is done before the second is committed."""
    async with AsyncExitStack() as stack:
        async with desk.database.transaction() as tx:
            second = await stack.enter_async_context(desk.database.transaction())
            await take(tx, earlier)
            await take(second, later)
        await desk.follow()
    await desk.follow()


@pytest.mark.parametrize("request_first", [True, False])
async def test_a_request_and_the_impact_of_its_customer_find_each_other_in_both_orders(desk: Desk, request_first: bool) -> None:
    await desk.tell(opened())
    both = (requested(1), impact("c-1"))
    await interleave(desk, *(both if request_first else both[::-1]))
    assert await desk.types() == ["opened", "received", "linked", "replied"]


@pytest.mark.parametrize("request_first", [True, False])
async def test_a_request_that_is_linked_while_its_incident_ends_is_ended_too(desk: Desk, request_first: bool) -> None:
    await desk.tell(opened(), impact("c-1"))
    both = (requested(1), resolved(at=NOW))
    await interleave(desk, *(both if request_first else both[::-1]))
    assert await desk.types() == ["opened", "received", "linked", "replied", "resolved"]
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]


@pytest.mark.parametrize("request_first", [True, False])
async def test_a_request_that_is_linked_while_its_incident_is_dismissed_goes_to_an_agent(desk: Desk, request_first: bool) -> None:
    await desk.tell(opened(), impact("c-1", "c-2"))
    async with AsyncExitStack() as stack:
        async with desk.database.transaction() as tx:
            second = await stack.enter_async_context(desk.database.transaction())
            for each, facts in zip(
                (tx, second), ((requested(1), requested(2, "c-2", **INVOICE)), (dismissed(),))[:: 1 if request_first else -1], strict=True
            ):
                await take(each, *facts)
        await desk.follow()
    await desk.follow()
    assert [(ticket["status"], ticket["incident_id"]) for ticket in await desk.tickets()] == [("open", None)] * 2
    assert await desk.rows("SELECT * FROM suggestions") == []


@pytest.mark.parametrize("impact_first", [True, False])
async def test_an_incident_and_its_impact_find_each_other_in_both_orders(desk: Desk, impact_first: bool) -> None:
    await desk.tell(requested(1))
    await desk.tell(*((impact("c-1"), opened()) if impact_first else (opened(), impact("c-1"))))
    assert await desk.types() == ["opened", "received", "linked", "replied"]
    assert await desk.rows("SELECT * FROM impact_to_match") == []


async def test_a_ticket_is_created_while_200_chunks_of_impact_are_not_committed(desk: Desk) -> None:
    """Its customer is even in one of them: it waits for nobody, and is linked when they are committed."""
    await desk.tell(opened())
    chunks: list[IncidentImpact] = [impact(*(f"c-{chunk}-{number}" for number in range(50)), chunk=chunk) for chunk in range(200)]
    async with desk.database.transaction() as tx:
        await on_incidents(tx, chunks)
        async with desk.database.transaction() as other:
            await take(other, requested(1, "c-7-7"), requested(2, "nobody"))
        assert [ticket["incident_id"] for ticket in await desk.tickets()] == [None, None]
    await desk.follow()
    assert [ticket["incident_id"] for ticket in await desk.tickets()] == ["i-1", None]


async def test_a_ticket_is_created_while_an_incident_ends(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"))
    async with desk.database.transaction() as tx:
        await take(tx, resolved(at=NOW + minutes(1)))
        async with desk.database.transaction() as other:
            await take(other, requested(1))
    await desk.follow()
    assert [ticket["status"] for ticket in await desk.tickets()] == ["resolved"]
