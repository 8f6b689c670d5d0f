"""A customer is erased: nothing of them is left in notifier, nothing older brings them back, and nobody is told twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.notifier.notification import told_id
from services.notifier.personal import PERSONAL
from services.notifier.store import engagements, experiments
from services.notifier.store.endpoints import queries as endpoints
from services.notifier.store.incidents import FOLLOW_UP, Place
from shared.erasing import SHARED
from shared.events import CustomerErased, Fact
from shared.timers import schedule
from tests.builders import customer
from tests.flow.notifier_stage import MINUTE, SECOND, Stage, impact, linked, opened, replied, resolved
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

WHO = "canary-id"
ADDRESS = "canary@example.org"
MIGRATION = Path(__file__).parents[2] / "services/notifier/migrations/0007_erasures.sql"


@pytest.fixture
async def operator(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("operator-token") as client:
        yield client


def erased(on: Stage) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=WHO, at=on.now)


def life(on: Stage) -> Sequence[Fact]:
    """Returns all that can be said of a customer: who they are, that an incident touches them, what stands on their ticket."""
    contacts = [{"channel": "email", "address": address, "role": "owner"} for address in ("canary-gone@example.org", ADDRESS)]
    return [
        customer(WHO, at=on.now, name="Canary", account="canary-account", tier="canary-tier", contacts=contacts),
        opened(on.now),
        impact(on.now, WHO),
        linked(on.now, customer_id=WHO, ticket_id="t-canary"),
        replied(on.now, "reply", customer_id=WHO, ticket_id="t-canary", body="Dear Canary, …"),
    ]


async def lived(on: Stage, operator: httpx2.AsyncClient) -> None:
    """Fills every table that may hold something of the customer, with something that waits too."""
    on.office.at_recipient["canary-gone@example.org"] = ["550 5.1.1 no such user canary-gone@example.org"]
    await on.hear(*life(on))
    await operator.put(f"/v1/customers/{WHO}/preferences", json={"incident": True})
    on.office.at_recipient[ADDRESS] = ["450 4.2.1 later"] * 5
    await on.hear(replied(on.now, "reply", customer_id=WHO, ticket_id="t-canary", reply_id="r-2", body="Canary, once more"))
    async with on.service.database.transaction() as tx:
        await schedule(tx, FOLLOW_UP, {Place("i-1", 1, WHO).ref: on.now + MINUTE})
        await experiments.enter(tx, [(WHO, "guidance-helps", "held_out")])
        await tx.execute(engagements.queries.note_engaged, told_id("i-1", WHO), "opened")
        await tx.execute(endpoints.register, "e-1", WHO, "https://canary.example/hook")
        await tx.execute(endpoints.miss, "e-1", "n-1", '{"text": "Dear Canary, …"}')


async def everywhere(on: Stage) -> str:
    """Returns all rows of all tables."""
    tables = await on.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'notifier'")
    return "\n".join([f"{row['table_name']}: {each}" for row in tables for each in await on.rows(f"SELECT * FROM {row['table_name']}")])  # noqa: S608


async def data(operator: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await operator.get(f"/v1/customers/{WHO}/data")
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


# ── what is shown, and what goes ─────────────────────────────────────────────────────────────


async def test_the_export_has_something_of_each_kind(on: Stage, operator: httpx2.AsyncClient) -> None:
    await lived(on, operator)
    shown = await data(operator)
    assert {each["name"] for each in shown} >= {each.name for each in PERSONAL}
    whole = str(shown)
    for word in ("Canary", ADDRESS, "canary-gone@example.org", "canary-account", "canary-tier", "Canary, once more", "t-canary"):
        assert word in whole, word


async def test_nothing_of_the_erased_is_left_in_any_table(on: Stage, operator: httpx2.AsyncClient) -> None:
    await lived(on, operator)
    assert "canary" in (await everywhere(on)).lower()
    await on.hear(erased(on))
    for line in (await everywhere(on)).splitlines():
        assert "canary" not in line.lower()
    assert await data(operator) == []
    said = (await operator.get(f"/v1/customers/{WHO}/erasure")).json()
    assert said["rows"].keys() == {each.name for each in (*PERSONAL, *SHARED)}
    assert all(said["rows"][each.name] for each in PERSONAL), "something of each kind went"


async def test_nobody_else_loses_anything(on: Stage, operator: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"), linked(on.now))
    await operator.put("/v1/customers/c-1/preferences", json={"guidance": False})
    before = [await on.rows(f"SELECT * FROM {table} WHERE {by} = 'c-1'") for table, by in OF_CUSTOMERS]  # noqa: S608
    assert all(before[:4])
    await lived(on, operator)
    await on.hear(erased(on))
    assert [await on.rows(f"SELECT * FROM {table} WHERE {by} = 'c-1'") for table, by in OF_CUSTOMERS] == before  # noqa: S608


OF_CUSTOMERS = [
    *(("customers", "id"), ("preferences", "customer_id"), ("notifications", "customer_id")),
    *(("ticket_links", "customer_id"), ("bad_addresses", "customer_id")),
]


# ── nothing brings them back ─────────────────────────────────────────────────────────────────


async def test_facts_older_than_the_erasure_bring_nothing_back_and_tell_nobody(on: Stage, operator: httpx2.AsyncClient) -> None:
    facts = life(on)
    await lived(on, operator)
    await on.clock.advance(SECOND)
    await on.hear(erased(on))
    mails, known = len(on.office.mails), await everywhere(on)
    await on.hear(*facts, impact(on.now - SECOND, WHO, incident_id="i-2"))
    await on.loop.advance(MINUTE)
    assert (len(on.office.mails), "canary" in (await everywhere(on)).lower()) == (mails, False)
    assert known.count("notifications:") == (await everywhere(on)).count("notifications:")


async def test_a_replay_of_everything_after_the_erasure_changes_nothing(on: Stage, operator: httpx2.AsyncClient) -> None:
    facts = [*life(on), erased(on)]
    await lived(on, operator)
    await on.hear(erased(on))
    await on.loop.advance(2 * MINUTE)
    known = await on.everything()
    await on.hear(*facts)
    assert await on.everything() == known


async def test_the_end_of_the_incident_is_told_to_nobody_who_is_erased(on: Stage, operator: httpx2.AsyncClient) -> None:
    await lived(on, operator)
    await on.hear(erased(on))
    before = await on.rows("SELECT id FROM notifications ORDER BY id")
    await on.clock.advance(SECOND)
    await on.hear(resolved(on.now, revision=1))
    await on.loop.advance(MINUTE)
    assert await on.rows("SELECT id FROM notifications ORDER BY id") == before


# ── at that very moment ──────────────────────────────────────────────────────────────────────


async def test_who_is_erased_while_a_mail_is_under_way_leaves_nothing_behind(on: Stage) -> None:
    await on.hear(customer(WHO, at=on.now, name="Canary"))
    address = f"{WHO}@example.org"
    on.office.at_end[address] = [Do.HOLD]
    await on.consume(opened(on.now), impact(on.now, WHO))
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.consume(erased(on))
    on.office.gate.set()
    await delivering
    await on.loop.settle()
    assert "canary" not in (await everywhere(on)).lower()
    assert on.said() == [], "the others are not told of somebody who is erased"


async def test_a_follow_up_that_has_come_as_far_as_them_goes_through_everybody_all_the_same(on: Stage) -> None:
    await on.hear(*(customer(each, at=on.now) for each in ("a-1", WHO, "z-1")), opened(on.now), impact(on.now, "a-1", WHO, "z-1"))
    await on.consume(resolved(on.now + SECOND, revision=1))
    async with on.service.database.transaction() as tx:
        await tx.execute("UPDATE due SET ref = $1 WHERE kind = 'follow_up'", Place("i-1", 1, WHO).ref)
    await on.consume(erased(on))
    while await on.follow_up():
        pass
    ends = await on.rows("SELECT customer_id FROM notifications WHERE kind = 'resolved' ORDER BY customer_id")
    assert [row["customer_id"] for row in ends] == ["a-1", "z-1"]


# ── upgrade ──────────────────────────────────────────────────────────────────────────────────


async def test_who_was_erased_by_an_older_version_stays_erased_and_loses_what_that_kept(on: Stage) -> None:
    await on.rows("INSERT INTO customers (id, updated_at, erased_at) VALUES ($1, $2, $2) RETURNING id", WHO, on.now)
    await on.rows(
        "INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, evidence, created_at)"
        " VALUES ('n-1', $1, 'opened', 'i-1', $2, '{\"who\": \"Canary\"}', $2) RETURNING id",
        WHO,
        on.now,
    )
    async with on.service.database.connection() as connection:
        await connection.execute(MIGRATION.read_text())
    assert "canary" not in (await everywhere(on)).lower()
    await on.hear(customer(WHO, at=on.now + MINUTE), opened(on.now), impact(on.now + MINUTE, WHO))
    assert on.office.mails == []
