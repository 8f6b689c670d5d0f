"""An audience hears of maintenance ahead, and who was told hears what becomes of it: once a period, and nobody else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import (
    Contact,
    Fact,
    Maintenance,
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceEnded,
    MaintenancePlanned,
    MaintenanceStarted,
)
from shared.settings import Settings
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, stage

pytestmark = pytest.mark.asyncio

GOLD, FREE = "c-1@example.org", "c-2@example.org"
OF: dict[type[Fact], type[Maintenance]] = {
    MaintenancePlanned: MaintenancePlanned.Data,
    MaintenanceChanged: MaintenanceChanged.Data,
    MaintenanceStarted: MaintenanceStarted.Data,
    MaintenanceEnded: MaintenanceEnded.Data,
    MaintenanceCancelled: MaintenanceCancelled.Data,
}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database) as it:
        await it.know("c-1", tier="gold")
        await it.know("c-2", tier="free")
        yield it


def said(on: Stage, what: type[Fact], revision: int, **more: Any) -> Fact:
    """Returns a fact about the maintenance: for the gold ones, in an hour, unless it says otherwise."""
    data = {
        "maintenance_id": "m-1",
        "title": "New database",
        "text": "Orders wait.",
        "components": ("checkout",),
        "audience": {"where": {"tier": "gold"}},
        "starts_at": on.now + HOUR,
        "ends_at": on.now + 2 * HOUR,
        "revision": revision,
        **more,
    }
    return what.of(OF[what](**data), subject="m-1", at=on.now, unique=revision)


async def test_the_audience_hears_of_it_ahead_when_it_begins_and_when_it_is_over_once_and_in_one_thread(on: Stage) -> None:
    begins, ends = on.now + HOUR, on.now + 2 * HOUR
    await on.know("c-9", tier="gold", contacts=(Contact(channel="email", address=GOLD),))  # the same person as another customer
    facts = [said(on, MaintenancePlanned, 0, starts_at=begins, ends_at=ends)]
    await on.hear(*facts)
    await on.loop.advance(HOUR + MINUTE)
    facts += [said(on, MaintenanceStarted, 1, starts_at=begins, ends_at=ends)]
    await on.hear(*facts)
    await on.loop.advance(HOUR)
    facts += [said(on, MaintenanceEnded, 2, starts_at=begins, ends_at=ends, ended_at=on.now)]
    await on.hear(*facts)
    await on.know("c-3", tier="gold")
    await on.hear(*facts)
    assert on.office.kinds(GOLD) == ["maintenance_planned", "maintenance_started", "maintenance_ended"]
    assert on.office.kinds(FREE) == on.office.kinds("c-3@example.org") == []
    first, *later = on.office.to(GOLD)
    assert "Orders wait." in str(first)
    assert [reason for each in ("c-1", "c-9") for _, _, reason in await on.ledger(each) if reason] == ["duplicate"]
    assert all(each["In-Reply-To"] == first["Message-ID"] for each in later)
    [delivered, *_] = on.said()
    assert getattr(delivered.data, "maintenance_id", None) == "m-1"


async def test_of_what_is_called_off_only_those_hear_who_were_told_and_each_time_it_comes_is_told_anew(on: Stage) -> None:
    on.office.at_recipient[FREE] = ["450 4.2.1 later"] * 9
    await on.hear(said(on, MaintenancePlanned, 0, audience={}))
    await on.hear(said(on, MaintenanceChanged, 1, audience={}, title="New disks"))
    await on.hear(said(on, MaintenanceChanged, 2, audience={}, title="New disks"))
    await on.hear(said(on, MaintenanceCancelled, 3, audience={}, title="New disks", cancelled_at=on.now, by="bob"))
    await on.loop.advance(HOUR)
    assert on.office.kinds(GOLD) == ["maintenance_planned", "maintenance_changed", "maintenance_cancelled"]
    assert await on.ledger("c-2") == [("maintenance_planned", "suppressed", "stale")]
    await on.loop.advance(HOUR)
    await on.hear(said(on, MaintenancePlanned, 4))
    assert on.office.kinds(GOLD)[3:] == ["maintenance_planned"]


async def test_a_large_audience_waits_for_a_person_and_whoever_is_told_late_is_told_how_it_stands(on: Stage) -> None:
    await on.rows(
        """INSERT INTO customers (id, tier, contacts, updated_at) SELECT 'd-' || lpad(n::text, 4, '0'), 'gold',
            '[{"channel": "email", "address": "many@example.org", "role": "owner"}]', $1 FROM generate_series(1, 1500) n""",
        on.now,
    )
    planned = said(on, MaintenancePlanned, 0)
    await on.hear(planned)
    assert on.office.kinds(GOLD) == []
    [waits] = await on.rows("SELECT a.status, g.rule, g.advice, g.total FROM approvals a JOIN gates g ON g.id = a.gate")
    assert waits == {"status": "waiting", "rule": "maintenance", "advice": False, "total": 1501}
    await on.hear(said(on, MaintenanceStarted, 1, starts_at=on.now, ends_at=on.now + HOUR))
    await on.rows("UPDATE notifications SET round = 0 WHERE customer_id = 'c-1'")  # as approving the first does
    await on.rows("UPDATE due SET ready_at = clock() WHERE ref = (SELECT id FROM notifications WHERE customer_id = 'c-1')")
    await on.loop.advance(MINUTE)
    assert on.office.kinds(GOLD) == ["maintenance_planned"]
    assert "Maintenance goes on" in str(on.office.to(GOLD)[0]["Subject"])
