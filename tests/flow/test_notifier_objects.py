"""Customers who must not be told are not told, and the ledger says why: caps, consent, erasure, unknown customers."""

import asyncio

import pytest

from shared.events import CustomerErased, NotificationSuppressed
from tests.builders import customer
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, impact, kinds, opened, replied, resolved
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"


async def trouble(on: Stage, *incident_ids: str) -> None:
    for incident_id in incident_ids:
        await on.hear(opened(on.now, incident_id), impact(on.now, "c-1", incident_id=incident_id))


async def test_the_fourth_within_an_hour_is_capped_and_an_hour_later_is_told_again(on: Stage) -> None:
    await on.know("c-1")
    await trouble(on, "i-1", "i-2", "i-3", "i-4")
    assert on.office.kinds(ADA) == ["opened"] * 3
    [fact] = [each for each in on.said() if isinstance(each, NotificationSuppressed)]
    assert (fact.data.reason, fact.data.why.items() >= {"recent": 3, "cap": 3, "per_s": 3600.0}.items()) == ("capped", True)
    await on.clock.advance(HOUR - SECOND)
    await trouble(on, "i-5")
    await on.clock.advance(SECOND)
    await trouble(on, "i-6")
    assert [mail["X-Forewarn-Incident"] for mail in on.office.to(ADA)] == ["i-1", "i-2", "i-3", "i-6"]


async def test_the_all_clear_of_what_was_told_is_not_capped_and_of_what_was_capped_is_not_given(on: Stage) -> None:
    await on.know("c-1")
    await trouble(on, "i-1", "i-2", "i-3", "i-4")
    await on.hear(*(resolved(on.now + SECOND, f"i-{n}") for n in range(1, 5)))
    told = [(mail["X-Forewarn-Kind"], mail["X-Forewarn-Incident"]) for mail in on.office.to(ADA)]
    assert sorted(told[3:]) == [("resolved", "i-1"), ("resolved", "i-2"), ("resolved", "i-3")]


async def test_two_at_once_do_not_pass_the_cap_together(on: Stage) -> None:
    await on.know("c-1")
    await trouble(on, "i-1", "i-2")
    on.office.at_end[ADA] = [Do.HOLD, Do.HOLD]
    await on.consume(*(fact for n in range(3, 7) for fact in (opened(on.now, f"i-{n}"), impact(on.now, "c-1", incident_id=f"i-{n}"))))
    delivering = [asyncio.create_task(on.deliver()) for _ in range(4)]
    await asyncio.wait_for(on.office.holding.wait(), 5)
    on.office.gate.set()
    await asyncio.gather(*delivering)
    await on.loop.settle()
    assert len(on.office.to(ADA)) == 3


async def test_a_try_the_server_put_off_takes_no_slot_of_the_cap(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await trouble(on, "i-1", "i-2", "i-3", "i-4")
    assert [mail["X-Forewarn-Incident"] for mail in on.office.to(ADA)] == ["i-2", "i-3", "i-4"]
    await on.loop.advance(MINUTE)
    assert (await on.ledger())[0] == ("opened", "suppressed", "capped"), "decided again when it was to be sent"


async def test_consent_is_asked_again_at_every_try(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await trouble(on, "i-1")
    await on.hear(customer("c-1", at=on.now + SECOND, consent={"incident": False}))
    await on.loop.advance(MINUTE)
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "opted_out")]


# ── the directory ────────────────────────────────────────────────────────────────────────────


async def test_the_last_word_about_a_customer_is_the_latest_by_its_own_time(on: Stage) -> None:
    await on.hear(customer("c-1", at=on.now, name="Newer"))
    await on.hear(customer("c-1", at=on.now - SECOND, name="Older"))
    await on.hear(customer("c-1", at=on.now + SECOND, name="Newest"), customer("c-1", at=on.now, name="Newer"))
    assert [row["name"] for row in await on.rows("SELECT name FROM customers")] == ["Newest"]


async def test_a_customer_the_directory_learns_of_in_time_is_told_at_once(on: Stage) -> None:
    await trouble(on, "i-1")
    await on.loop.advance(10 * MINUTE)
    assert on.office.mails == []
    await on.know("c-1")
    assert on.office.kinds(ADA) == ["opened"]


async def test_a_customer_nobody_knows_after_a_quarter_of_an_hour_has_no_contact(on: Stage) -> None:
    await trouble(on, "i-1")
    began = on.now
    await on.goes_on(until=began + 15 * MINUTE - SECOND)
    assert await on.ledger() == [("opened", "waiting", None)]
    await on.loop.advance(MINUTE)
    assert await on.ledger() == [("opened", "suppressed", "no_contact")]
    assert kinds(on.said()) == ["suppressed"]


# ── erasure ──────────────────────────────────────────────────────────────────────────────────


def erased(on: Stage) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now)


@pytest.mark.parametrize("later", [-SECOND, SECOND])
async def test_the_erased_are_never_told_again_even_when_somebody_brings_them_back(on: Stage, later: object) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await trouble(on, "i-1")
    await on.hear(erased(on))
    await on.clock.advance(MINUTE)
    await on.hear(customer("c-1", at=on.now + later))  # type: ignore[operator]
    await trouble(on, "i-2")
    await on.hear(replied(on.now, "reply"))
    await on.loop.advance(HOUR)
    assert on.office.mails == []
    assert {reason for _, _, reason in await on.ledger()} == {"erased"}


async def test_who_is_erased_before_being_known_is_not_told_either(on: Stage) -> None:
    await on.hear(erased(on))
    await on.clock.advance(SECOND)
    await trouble(on, "i-1")
    assert await on.ledger() == [("opened", "suppressed", "erased")]
