"""Time passes: first-response clocks warn and breach, tickets nobody comes back to are closed, and ended incidents are measured."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.ticketing.timers import begin_tidying
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, impact, minutes, opened, requested, resolved, told

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


async def test_an_ended_incident_shows_who_was_told_before_they_wrote_in(desk: Desk) -> None:
    before = _observed()
    await desk.tell(opened(), impact("c-1", "c-2", "c-3", "c-4"))
    await desk.tell(told("c-1", NOW - minutes(2)), told("c-2", NOW), told("c-3", NOW), told("c-3", NOW + minutes(9)))
    await desk.tell(requested(1, "c-1", NOW), requested(2, "c-2", NOW - minutes(1)), resolved(at=NOW + minutes(5)))
    await desk.at(NOW + timedelta(seconds=10))
    await desk.ring()
    # c-1 was told 120 s before writing, c-2 wrote first, c-3 never wrote, c-4 was never told.
    assert [after - was for was, after in zip(before, _observed(), strict=True)] == pytest.approx([1, 0.5, 1, 120])


def _observed() -> list[float]:
    names = ("incident_coverage_ratio_count", "incident_coverage_ratio_sum", "lead_time_seconds_count", "lead_time_seconds_sum")
    return [REGISTRY.get_sample_value(f"forewarn_ticketing_{name}") or 0 for name in names]
