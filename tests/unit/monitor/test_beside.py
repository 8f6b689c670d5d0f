"""What is known beside the events of the past: when maintenance ran, as its facts or a file say it, and the tiers of customers."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.incidents.muting import Quiet
from services.monitor.past.beside import MaintenanceFile, periods_of, tiers_of
from shared.events import (
    CustomerErased,
    CustomerUpdated,
    Fact,
    MaintenanceCancelled,
    MaintenanceChanged,
    MaintenanceEnded,
    MaintenancePlanned,
    MaintenanceStarted,
)
from tests.builders import NOON

MINUTE = timedelta(minutes=1)
EARLY, ENDS = NOON + MINUTE, NOON + 10 * MINUTE
SEARCH = frozenset({"search"})


def said(kind: type[Any], revision: int, **data: Any) -> Fact:
    whole = {"maintenance_id": "m-1", "title": "We move", "starts_at": NOON, "ends_at": ENDS, "components": ("search",)}
    fact: Fact = kind.of(kind.Data(**(whole | {"revision": revision} | data)), subject="m-1", at=NOON, unique=revision)
    return fact


PLANNED, STARTED = said(MaintenancePlanned, 0), said(MaintenanceStarted, 1)


@pytest.mark.parametrize(
    ("facts", "periods"),
    [
        ([PLANNED], [(NOON, ENDS)]),
        ([PLANNED, STARTED], [(NOON, ENDS)]),
        ([PLANNED, STARTED, said(MaintenanceEnded, 2, ended_at=ENDS)], [(NOON, ENDS)]),
        ([PLANNED, said(MaintenanceChanged, 1, starts_at=EARLY)], [(EARLY, ENDS)]),
        ([PLANNED, said(MaintenanceChanged, 1, starts_at=EARLY), said(MaintenanceCancelled, 2, cancelled_at=NOON, by="ada")], []),
        ([PLANNED, STARTED, said(MaintenanceChanged, 2, ends_at=EARLY)], [(NOON, EARLY)]),
        ([PLANNED, STARTED, said(MaintenanceCancelled, 2, cancelled_at=EARLY, ends_at=EARLY, by="ada")], [(NOON, EARLY)]),
        ([PLANNED, said(MaintenanceCancelled, 1, cancelled_at=NOON, by="ada")], []),
        (
            [
                PLANNED,
                STARTED,
                said(MaintenanceEnded, 2, ended_at=EARLY),
                said(MaintenancePlanned, 3, starts_at=ENDS, ends_at=ENDS + MINUTE),
            ],
            [(NOON, EARLY), (ENDS, ENDS + MINUTE)],
        ),
        ([STARTED], [(NOON, ENDS)]),  # that it was planned is not kept any more
    ],
)
def test_a_period_stands_as_the_last_fact_about_it_says(facts: list[Fact], periods: list[tuple[Any, Any]]) -> None:
    found = [Quiet("m-1", starts_at, ends_at, SEARCH) for starts_at, ends_at in periods]
    assert periods_of(facts) == found
    assert periods_of([*reversed(facts), *facts]) == found  # in any order, and any number of copies


def test_a_file_says_when_maintenance_came_again() -> None:
    once = {"starts_at": NOON, "ends_at": EARLY, "components": ["search"]}
    weekly = {"starts_at": NOON, "ends_at": ENDS, "repeat": "FREQ=WEEKLY"}
    periods = MaintenanceFile.model_validate({"maintenance": [once, weekly]}).periods(NOON + timedelta(days=14))
    week = timedelta(days=7)
    assert periods == [
        Quiet("maintenance 1", NOON, EARLY, SEARCH),
        *(Quiet("maintenance 2", NOON + n * week, ENDS + n * week, frozenset()) for n in range(3)),
    ]


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValidationError, match="FREQ"):
        MaintenanceFile.model_validate({"maintenance": [{"starts_at": NOON, "ends_at": ENDS, "repeat": "weekly"}]})
    with pytest.raises(ValidationError, match="ends_at"):
        MaintenanceFile.model_validate({"maintenance": [{"starts_at": NOON}]})


def test_a_tier_is_the_one_that_was_said_last() -> None:
    def of(customer: str, tier: str | None, minute: int) -> Fact:
        return CustomerUpdated.of(CustomerUpdated.Data(tier=tier), subject=customer, at=NOON + minute * MINUTE, unique=minute)

    erased = CustomerErased.of(CustomerErased.Data(), subject="c-3", at=NOON + MINUTE)
    facts = [of("c-1", "gold", 2), of("c-1", "free", 1), of("c-2", "gold", 1), of("c-2", None, 2), of("c-3", "gold", 0), erased]
    assert tiers_of(facts) == {"c-1": "gold"}
