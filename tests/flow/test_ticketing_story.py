"""A customer writes in about an outage: whichever we hear of first, they are answered at once, and told when it is over."""

from typing import Any

import msgspec

from services.ticketing.handlers import on_incidents, on_requests
from shared.events import Fact
from shared.postgres import Database
from tests.unit.ticketing.builders import NOW, POLICY, impact, minutes, opened, requested, resolved


async def tell(database: Database, *facts: Fact) -> None:
    """Facts come, in this order, one topic after the other."""
    handlers = {"support": on_requests, "incident": on_incidents}
    for fact in facts:
        handler = handlers[fact.type.split(".")[1]]
        async with database.transaction() as tx:
            await handler(POLICY, tx, [fact])


async def said(database: Database) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return [msgspec.json.decode(row["value"]) for row in await connection.fetch("SELECT value FROM outbox ORDER BY id")]


async def stop_clock(database: Database, at: Any = NOW) -> None:
    async with database.connection() as connection:
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT '{at.isoformat()}'::timestamptz $$"
        )


async def test_a_customer_in_the_impact_is_linked_and_answered_at_once(ticketing_database: Database) -> None:
    await stop_clock(ticketing_database)
    await tell(ticketing_database, opened(), impact("c-1"), requested(1))
    facts = await said(ticketing_database)
    assert [fact["type"].split(".")[2] for fact in facts] == ["opened", "linked", "replied"]
    assert facts[2]["data"]["kind"] == "answer"
    assert "checkout is failing" in facts[2]["data"]["body"]


async def test_a_customer_who_wrote_before_the_impact_gets_the_same_answer(ticketing_database: Database) -> None:
    await stop_clock(ticketing_database)
    await tell(ticketing_database, requested(1), opened(), impact("c-1"))
    assert [fact["type"].split(".")[2] for fact in await said(ticketing_database)] == ["opened", "linked", "replied"]


async def test_at_the_end_of_the_incident_its_tickets_hear_it_and_are_resolved(ticketing_database: Database) -> None:
    await stop_clock(ticketing_database)
    await tell(ticketing_database, opened(), impact("c-1"), requested(1), requested(2, "c-2"), resolved(at=NOW + minutes(5)))
    facts = await said(ticketing_database)
    assert [fact["type"].split(".")[2] for fact in facts[4:]] == ["replied", "resolved"]
