"""A person took customers out of an incident: notifier tells them nothing more of it, no ticket is about it by that, nobody counts them."""

from datetime import datetime

import httpx2
import pytest

from shared.events import Affected, IncidentImpact
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened as opened_database
from tests.flow.console_model import recounted, rows
from tests.flow.console_story import hear
from tests.flow.notifier_stage import MINUTE, Stage, impact, opened, resolved, updated
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing import builders as ticketing

pytestmark = pytest.mark.asyncio


def corrected(at: datetime, *removed: str, added: tuple[str, ...] = (), of: str = "i-1") -> IncidentImpact:
    """Returns the fact that a person took out these customers and put in those."""
    customers = tuple(
        Affected(customer_id=each, certainty="confirmed", first_seen_at=at, last_seen_at=at, count=0, by="lea") for each in added
    )
    return IncidentImpact.of(
        IncidentImpact.Data(incident_id=of, chunk=0, customers=customers, removed=removed), subject=of, at=at, unique=f"people/{at}"
    )


def kinds_to(on: Stage, customer: str) -> list[str]:
    return [mail["X-Forewarn-Kind"] for mail in on.office.to(f"{customer}@example.org")]


async def test_whom_a_person_takes_out_is_told_nothing_more_until_they_are_put_back(on: Stage) -> None:
    # Given an incident of four customers, of whom two are told at once, and two wait: monitor is behind
    await on.know("c-1", "c-2", "c-3", "c-4")
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    await on.hear(updated(on.now, revision=1, behind_seconds=300), impact(on.now, "c-3", "c-4", chunk=1))
    assert [kinds_to(on, each) for each in ("c-1", "c-2", "c-3", "c-4")] == [["opened"], ["opened"], [], []]
    # When one of each is taken out, and monitor has caught up
    await on.hear(corrected(on.now, "c-2", "c-4"))
    await on.clock.advance(MINUTE)
    await on.hear(updated(on.now, revision=2))
    # Then the other is told, and of the told one alone hears of the end
    assert [kinds_to(on, each) for each in ("c-3", "c-4")] == [["opened"], []]
    [row] = await on.rows("SELECT status, reason, why FROM notifications WHERE customer_id = 'c-4'")
    assert (row["status"], row["reason"], "took them out" in row["why"]["incident"]) == ("suppressed", "stale", True)
    # and who is put back is told
    await on.clock.advance(MINUTE)
    await on.hear(corrected(on.now, added=("c-4",)), updated(on.now, revision=3))
    assert kinds_to(on, "c-4") == ["opened"]
    await on.clock.advance(MINUTE)
    await on.hear(resolved(on.now, revision=4))
    assert [kinds_to(on, each)[1:] for each in ("c-1", "c-2", "c-3", "c-4")] == [["resolved"], [], ["resolved"], ["resolved"]]


async def test_no_ticket_is_about_an_incident_that_its_customer_was_taken_out_of(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(ticketing.opened(), ticketing.impact("c-1"), corrected(ticketing.NOW, "c-1"), ticketing.requested(1))
    assert await desk.types() == ["opened", "received"]


async def test_the_console_counts_whom_people_say_and_whom_a_merged_incident_touched(fresh_database: Settings) -> None:
    merged = updated(NOON, "i-2", revision=1, step="merged", merged_into="i-1")
    facts = [
        *(opened(NOON), opened(NOON, "i-2"), impact(NOON, "c-1", "c-2"), corrected(NOON, "c-2", added=("c-3",))),
        *(impact(NOON, "c-3", "c-4", incident_id="i-2"), merged),
    ]
    async with opened_database(fresh_database, "console") as console:
        for _ in range(2):  # what comes again changes nothing
            async with console.transaction() as tx:
                await hear(tx, facts)
            found = await rows(console, "SELECT id, status, affected, merged_into FROM incidents ORDER BY id")
            assert [tuple(each.values()) for each in found] == [("i-1", "open", 3, None), ("i-2", "open", 2, "i-1")]
        assert await recounted(console) == []
