"""The directory keeps the latest about each customer; a fact whose clock was ahead does not hold off later ones."""

from datetime import datetime, timedelta
from itertools import count

import pytest

from shared.events import CustomerErased, CustomerUpdated
from tests.builders import customer
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, impact, opened

pytestmark = pytest.mark.asyncio

AHEAD = 20 * HOUR  # more than a day is a dead letter
OUT = {"incident": False}
OPTED_OUT = [("opened", "suppressed", "opted_out")]
_ids = count()


def said(at: datetime, *, opted_out: bool = False, **data: object) -> CustomerUpdated:
    """Returns an update as a product's system says it: each with an id of its own."""
    fact = customer("c-1", at=at, consent=OUT if opted_out else {}, **data)
    return fact.model_copy(update={"id": f"crm-{next(_ids)}"})


async def became_of_trouble(on: Stage) -> list[tuple[str, str, str | None]]:
    """Returns what becomes of an incident that touches the customer."""
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    return await on.ledger()


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("known_before", [True, False])
@pytest.mark.parametrize("ago", [timedelta(), 2 * SECOND, HOUR])
async def test_an_opt_out_is_heard_at_once_though_an_update_before_it_was_stamped_a_day_ahead(
    on: Stage, together: bool, known_before: bool, ago: timedelta
) -> None:
    """This holds however long notifier was away and read both late, in one batch or in two."""
    if known_before:
        await on.hear(said(on.now - 2 * HOUR))
    facts = [said(on.now + AHEAD), said(on.now - ago, opted_out=True)]
    for part in [facts] if together else [[each] for each in facts]:
        await on.hear(*part)
    assert await became_of_trouble(on) == OPTED_OUT


async def test_an_opt_out_stamped_in_the_future_is_heard_at_once_too(on: Stage) -> None:
    await on.hear(said(on.now))
    await on.hear(said(on.now + AHEAD, opted_out=True))
    assert await became_of_trouble(on) == OPTED_OUT


async def test_of_two_updates_with_one_stamp_the_later_in_the_topic_counts(on: Stage) -> None:
    for ahead in (timedelta(), AHEAD):
        await on.hear(said(on.now + ahead), said(on.now + ahead, opted_out=True))
    assert await became_of_trouble(on) == OPTED_OUT


async def test_a_clock_that_is_always_ahead_is_followed_update_by_update(on: Stage) -> None:
    for _ in range(12):
        await on.hear(said(on.now + AHEAD))
        await on.clock.advance(MINUTE)
    await on.hear(said(on.now + AHEAD, opted_out=True))
    assert await became_of_trouble(on) == OPTED_OUT


async def test_an_older_update_that_comes_late_changes_nothing(on: Stage) -> None:
    await on.hear(said(on.now, opted_out=True), said(on.now - SECOND))
    await on.hear(said(on.now - HOUR))
    assert await became_of_trouble(on) == OPTED_OUT


async def test_a_replay_when_the_future_has_passed_does_not_bring_the_consent_back(on: Stage) -> None:
    facts = [said(on.now - HOUR), said(on.now + 2 * HOUR), said(on.now, opted_out=True)]
    await on.hear(*facts)
    known = await on.everything()
    for _ in range(2):
        await on.hear(*facts)
        assert await on.everything() == known
        await on.clock.advance(3 * HOUR)
    await on.hear(*facts)
    assert await became_of_trouble(on) == OPTED_OUT


@pytest.mark.parametrize("stamp", [-HOUR, timedelta(), AHEAD])
async def test_an_erasure_is_for_good_whatever_its_stamp_and_whatever_comes_after_it(on: Stage, stamp: timedelta) -> None:
    await on.hear(said(on.now))
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now + stamp))
    await on.hear(said(on.now), said(on.now + AHEAD))
    assert await on.rows("SELECT * FROM customers") == []
    [row] = await on.rows("SELECT erased_at FROM erasures")
    assert row["erased_at"] == on.now + min(stamp, timedelta())
