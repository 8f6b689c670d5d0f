"""Time passes: first-response clocks warn and breach, and tickets nobody comes back to are closed."""

from datetime import timedelta

from services.ticketing.timers import begin_tidying
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, impact, minutes, opened, requested

SECOND = timedelta(seconds=1)


async def test_an_unanswered_ticket_warns_at_three_quarters_and_is_breached_at_its_deadline(desk: Desk) -> None:
    await desk.tell(requested(1))
    seen = []
    for moment in (minutes(180) - SECOND, minutes(180), minutes(240) - SECOND, minutes(240), minutes(500)):
        await desk.at(NOW + moment)
        await desk.ring()
        seen.append((await desk.types())[2:])
    assert seen == [[], ["sla_warning"], ["sla_warning"], ["sla_warning", "sla_breached"], ["sla_warning", "sla_breached"]]
    assert await desk.rows("SELECT * FROM due") == []
    [clock] = await desk.rows("SELECT * FROM clocks")
    assert clock["breached_at"] == clock["due_at"] == NOW + minutes(240)


async def test_a_service_that_was_away_past_the_deadline_does_not_warn_of_what_cannot_be_kept(desk: Desk) -> None:
    await desk.tell(requested(1))
    await desk.at(NOW + minutes(300))
    await desk.ring()
    assert await desk.types() == ["opened", "received", "sla_breached"]


async def test_the_answer_about_a_known_incident_is_the_first_response(desk: Desk) -> None:
    await desk.tell(requested(1), opened(), impact("c-1"))
    await desk.at(NOW + minutes(300))
    await desk.ring()
    assert await desk.types() == ["opened", "received", "linked", "replied"]
    [clock] = await desk.rows("SELECT stopped_at, answered_by FROM clocks")
    assert clock == {"stopped_at": NOW, "answered_by": "forewarn"}


async def test_a_ticket_whose_customer_stays_silent_is_resolved_then_closed(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.rows("UPDATE incidents SET resolved_at = clock() RETURNING 1")  # it waits for the customer, no longer for the incident
    await desk.rows("UPDATE links SET ended_revision = 0 RETURNING 1")
    await begin_tidying(desk.database)
    statuses = []
    for days in (timedelta(days=3) - SECOND, timedelta(days=3), timedelta(days=10) - SECOND, timedelta(days=10)):
        await desk.at(NOW + days)
        await desk.rows("UPDATE due SET ready_at = clock() RETURNING 1")
        await desk.ring()
        statuses += [ticket["status"] for ticket in await desk.tickets()]
    assert statuses == ["waiting", "resolved", "resolved", "closed"]


async def test_a_ticket_that_waits_for_an_incident_waits_as_long_as_that_lasts(desk: Desk) -> None:
    await desk.tell(opened(), impact("c-1"), requested(1))
    await desk.at(NOW + timedelta(days=30))
    await begin_tidying(desk.database)
    await desk.ring()
    assert [ticket["status"] for ticket in await desk.tickets()] == ["waiting"]
