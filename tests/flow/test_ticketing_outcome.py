"""Coverage and lead time of an incident are counted where its customers are: half a million of them are one row here."""

import pytest
from prometheus_client import REGISTRY

from services.ticketing.store import measures
from shared.postgres import Database
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, impact, minutes, opened, resolved

pytestmark = pytest.mark.asyncio

# Each customer was told, and wrote in about it, at these minutes.
CONTACTS: dict[str, tuple[float | None, tuple[float, ...]]] = {
    "told and never wrote": (0, ()),
    "told before writing": (0, (2,)),
    "told long before writing, twice": (0, (6, 9)),
    "told at that moment": (0, (0,)),
    "wrote first": (0, (-1, 7)),
    "wrote and was never told": (None, (0,)),
    "neither": (None, ()),
}


@pytest.fixture
async def desk(ticketing_database: Database) -> Desk:
    desk = Desk(ticketing_database)
    await desk.at(NOW)
    await desk.tell(opened(), impact(*CONTACTS))
    number = 0
    for customer, (told, wrote) in CONTACTS.items():
        if told is not None:
            await desk.rows("INSERT INTO told VALUES ('i-1', $1, $2)", customer, NOW + minutes(told))
        for at in wrote:
            number += 1
            await desk.rows(
                "INSERT INTO tickets (id, number, customer_id, channel, subject, priority, status, incident_id, opened_at, changed_at)"
                " VALUES ($1::int::text, $1, $2, 'form', '', 'normal', 'waiting', 'i-1', $3, $3)",
                number,
                customer,
                NOW + minutes(at),
            )
    return desk


async def test_who_was_told_before_writing_or_never_wrote_was_told_in_time(desk: Desk) -> None:
    async with desk.database.transaction() as tx:
        reach, leads = await measures.reach(tx, "i-1"), await measures.leads(tx, "i-1")
    assert (reach.affected, reach.told, reach.told_before_contact) == (7, 5, 4)
    assert (reach.coverage, reach.lead_time) == (4 / 7, 120)
    assert sorted(leads) == [0, 120, 360]


async def test_an_incident_that_touched_nobody_has_neither(desk: Desk) -> None:
    async with desk.database.transaction() as tx:
        reach, leads = await measures.reach(tx, "i-2"), await measures.leads(tx, "i-2")
    assert (reach.coverage, reach.lead_time, leads) == (None, None, [])


def observed() -> tuple[float, float]:
    """Returns the sums of coverages and of lead times so far."""
    names = ("incident_coverage_ratio_sum", "lead_time_seconds_sum")
    coverage, lead_time = (REGISTRY.get_sample_value(f"forewarn_ticketing_{name}") or 0 for name in names)
    return coverage, lead_time


async def test_the_metrics_show_it_a_little_after_the_end(desk: Desk) -> None:
    coverage, lead_time = observed()
    await desk.tell(resolved(at=NOW + minutes(10)))
    await desk.at(NOW + minutes(20))
    await desk.ring()
    now = observed()
    assert (round(now[0] - coverage, 6), now[1] - lead_time) == (round(4 / 7, 6), 480)
