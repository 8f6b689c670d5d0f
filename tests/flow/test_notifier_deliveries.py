"""A notification is brought by one way after the other: each is a row, with what came of it; and many at once cost few transactions."""

import asyncio
from datetime import timedelta

import pytest

from shared.events import Contact
from tests.builders import customer
from tests.flow.notifier_stage import MINUTE, Stage, dismissed, impact, opened, resolved
from tests.smtp import Do
from tests.unit.shared.served import until

pytestmark = pytest.mark.asyncio

TWO = (Contact(channel="email", address="ada@example.org"), Contact(channel="email", address="office@example.org", role="technical"))


async def ways(on: Stage) -> list[tuple[str, str, int]]:
    rows = await on.rows("SELECT address, status, tries FROM deliveries ORDER BY address")
    return [(row["address"], row["status"], row["tries"]) for row in rows]


@pytest.mark.parametrize("refusal", ["550 5.1.1 no such user", "550 5.7.1 we do not want this"])
async def test_what_is_refused_at_one_address_is_brought_to_the_next(on: Stage, refusal: str) -> None:
    await on.hear(customer("c-1", at=on.now, contacts=TWO))
    on.office.at_recipient["ada@example.org"] = [refusal]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    assert [recipient for recipient, _ in on.office.mails] == ["office@example.org"]
    assert await ways(on) == [("ada@example.org", "failed", 1), ("office@example.org", "delivered", 1)]
    assert await on.ledger() == [("opened", "delivered", None)]


async def test_what_is_refused_everywhere_fails_after_each_was_tried_once(on: Stage) -> None:
    await on.hear(customer("c-1", at=on.now, contacts=TWO))
    for each in TWO:
        on.office.at_recipient[each.address] = ["550 5.7.1 we do not want this"] * 9
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(2 * MINUTE)
    assert on.office.mails == []
    assert await ways(on) == [("ada@example.org", "failed", 1), ("office@example.org", "failed", 1)]
    assert await on.ledger() == [("opened", "failed", "refused")]


async def test_what_may_have_arrived_is_tried_again_there_and_nowhere_else(on: Stage) -> None:
    """Though the directory names another address first by now: else they might hear it twice."""
    await on.hear(customer("c-1", at=on.now, contacts=TWO))
    on.office.at_end["ada@example.org"] = [Do.DROP]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await ways(on) == [("ada@example.org", "unknown", 1)]
    moved = (Contact(channel="email", address="new@example.org"), TWO[0])
    await on.hear(customer("c-1", at=on.now + timedelta(seconds=1), contacts=moved))
    await on.loop.advance(2 * MINUTE)
    assert {recipient for recipient, _ in on.office.mails} == {"ada@example.org"}
    assert await ways(on) == [("ada@example.org", "delivered", 2)]


async def test_a_hundred_cost_few_transactions_and_each_customer_gets_one_message(on: Stage) -> None:
    ids = [f"c-{number}" for number in range(300)]
    await on.know(*ids)
    await on.consume(opened(on.now), impact(on.now, *ids))
    before = await transactions(on)
    async with on.delivering():
        await until(lambda: len(on.office.mails) >= len(ids))
    assert sorted(recipient for recipient, _ in on.office.mails) == sorted(f"{each}@example.org" for each in ids)
    assert {row["status"] for row in await on.rows("SELECT status FROM notifications")} == {"delivered"}
    assert await transactions(on) - before < len(ids), "one by one it were three for each"


async def transactions(on: Stage) -> int:
    """Returns how many transactions that write have begun in this database."""
    [row] = await on.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next")
    return int(row["next"])


async def test_two_notifications_of_one_customer_in_one_batch_count_one_another(on: Stage) -> None:
    """The cap is three an hour; five incidents touch the customer at once."""
    await on.know("c-1")
    for number in range(5):
        await on.consume(opened(on.now, f"i-{number}"), impact(on.now, "c-1", incident_id=f"i-{number}"))
    async with on.delivering():
        await until(lambda: len(on.office.mails) >= 3)
    assert sorted(status for _, status, _ in await on.ledger()) == ["delivered"] * 3 + ["suppressed"] * 2
    assert len(on.office.mails) == 3


async def test_ends_and_alarms_wait_in_lanes_of_their_own(on: Stage) -> None:
    await on.know("c-1", "c-2", "c-3")
    await on.hear(opened(on.now, "i-1"), impact(on.now, "c-1", incident_id="i-1"))
    await on.consume(resolved(on.now, "i-1", revision=1))
    await on.follow_up()
    await on.consume(opened(on.now, "i-2", severity="critical"), impact(on.now, "c-2", incident_id="i-2"))
    await on.consume(opened(on.now, "i-3"), impact(on.now, "c-3", incident_id="i-3"))
    due = await on.rows("SELECT d.kind, n.customer_id FROM due d JOIN notifications n ON n.id = d.ref ORDER BY 2")
    assert [(row["kind"], row["customer_id"]) for row in due] == [("end", "c-1"), ("critical", "c-2"), ("delivery", "c-3")]


async def test_whoever_was_being_told_when_it_ended_hears_the_end(on: Stage) -> None:
    ids = [f"c-{number}" for number in range(20)]
    await on.know(*ids)
    await on.consume(opened(on.now), impact(on.now, *ids))
    for each in ids:
        on.office.at_end[f"{each}@example.org"] = [Do.HOLD]
    async with on.delivering():
        async with asyncio.timeout(5):
            while [status for _, status, _ in await ways(on)] != ["sending"] * len(ids):
                pass
        await on.consume(dismissed(on.now))
        await on.follow_up()
        on.office.gate.set()
        await until(lambda: len(on.office.mails) >= len(ids))
    await on.loop.settle()
    assert [on.office.kinds(f"{each}@example.org") for each in ids] == [["opened", "dismissed"]] * len(ids)
