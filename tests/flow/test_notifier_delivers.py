"""A server puts off, refuses, hangs up or is away: delivery is tried for a day, never after, and everything is accounted for."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifier import metrics
from services.notifier.channels.email.connections import AT_ONCE
from services.notifier.delivering.beginning import LEASE
from shared import timers
from shared.events import Contact, NotificationFailed
from shared.postgres import Tx
from shared.settings import Settings
from shared.timers import Due, Work
from tests.builders import customer
from tests.fakes import do_due
from tests.figures import total, value
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, delivery_of, impact, kinds, opened, replied, resolved, stage
from tests.smtp import Do
from tests.unit.shared.served import until

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"


async def attempts(on: Stage) -> list[dict[str, str]]:
    [row] = await on.rows("SELECT attempts FROM notifications WHERE customer_id = 'c-1' AND kind = 'opened'")
    return list(row["attempts"])


async def test_greylisting_costs_a_minute(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["451 4.7.1 greylisted"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(59 * SECOND)
    assert on.office.mails == []
    await on.loop.advance(SECOND)
    assert on.office.kinds(ADA) == ["opened"]
    assert [(each["outcome"], each["reason"], each["detail"]) for each in await attempts(on)] == [
        ("retry", "deferred", "451 4.7.1"),
        ("delivered", "", "250"),
    ]


async def test_what_is_put_off_for_a_day_has_failed_and_is_never_sent_after(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"] * 1000
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    began = on.now
    await on.goes_on(until=began + 24 * HOUR - 10 * MINUTE, every=14 * MINUTE)
    await on.loop.advance(HOUR)
    tries = len(await attempts(on))
    assert 4 + 22 <= tries <= 4 + 48
    assert await on.ledger() == [("opened", "failed", "expired")]
    [fact] = on.said()
    assert isinstance(fact, NotificationFailed)
    assert fact.data.reason == "expired"
    assert fact.data.failed_at - began < 24 * HOUR
    on.office.at_recipient[ADA].clear()
    await on.loop.advance(48 * HOUR)
    assert on.office.mails == []


async def test_a_process_that_was_down_for_a_day_sends_nothing_old(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"), replied(on.now, "reply"))
    await on.clock.advance(24 * HOUR + SECOND)
    await on.loop.settle()
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "stale"), ("reply", "suppressed", "stale")]


async def test_an_address_that_does_not_exist_is_tried_once_and_never_again(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["550 5.1.1 <c-1@example.org>: no such user"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    [fact] = on.said()
    assert isinstance(fact, NotificationFailed)
    assert (fact.data.reason, fact.data.detail) == ("address", "550 5.1.1")
    await on.hear(opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
    await on.loop.advance(24 * HOUR)
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "failed", "address"), ("opened", "suppressed", "no_contact")]


async def test_a_new_address_is_as_good_as_any(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["550 5.1.1 no such user"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    moved = (Contact(channel="email", address="ada@example.net"),)
    await on.hear(customer("c-1", at=on.now + SECOND, contacts=moved))
    await on.hear(opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
    assert [mail["X-Forewarn-Incident"] for mail in on.office.to("ada@example.net")] == ["i-1", "i-2"], "i-1 still goes on"


async def test_a_refusal_of_the_message_leaves_the_address_good(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_end[ADA] = ["554 5.7.1 looks like spam"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "failed", "refused")]
    await on.hear(replied(on.now, "reply"))
    assert on.office.kinds(ADA) == ["reply"]


async def test_a_drop_after_data_is_tried_again_with_the_same_message_id(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_end[ADA] = [Do.DROP]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    first, second = on.office.to(ADA)
    assert first["Message-ID"] == second["Message-ID"]
    assert kinds(on.said()) == ["delivered"]


async def test_an_address_this_server_cannot_take_fails_and_the_next_customer_is_told(on: Stage) -> None:
    strange = (Contact(channel="email", address='"quoted local part"@example.org'),)
    await on.hear(customer("c-1", at=on.now, contacts=strange), customer("c-2", at=on.now))
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    assert [recipient for recipient, _ in on.office.mails] == ["c-2@example.org"]
    assert await on.ledger() == [("opened", "suppressed", "no_contact")]


async def test_a_server_that_is_away_is_asked_until_it_is_back(fresh_database: Settings) -> None:
    async with stage(fresh_database, smtp_port=1) as on:  # nobody listens there
        await on.know("c-1")
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        await on.loop.advance(MINUTE)
        tries = await attempts(on)
    assert [each["reason"] for each in tries] == ["unreachable"] * 6  # at 0, 1, 3, 7, 15 and 31 s


async def test_a_hanging_server_keeps_its_mail_under_the_lease(on: Stage) -> None:
    """The lease is renewed while the server is at work; only a worker that stops renewing loses it."""
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    on.office.at_end[ADA] = [Do.HOLD]
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    [held] = await on.rows("SELECT ready_at - clock() AS left, lease FROM due WHERE kind = 'delivery'")
    assert held["left"] == 30 * SECOND
    await on.clock.advance(29 * SECOND)
    await on.deliver()
    assert len(on.office.mails) == 1
    on.office.gate.set()
    await delivering


@pytest.mark.parametrize("raised", [0, 3], ids=["at once", "after it raised three times"])
async def test_a_lease_is_renewed_as_long_as_the_server_is_at_work(raised: int, on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    renewing, left = timers.renew, [ValueError("nobody foresaw this")] * raised

    async def renew(tx: Tx, dues: Collection[Due], lease: timedelta) -> set[Due]:
        if left and dues:
            raise left.pop()
        return await renewing(tx, dues, lease)

    monkeypatch.setattr(timers, "renew", renew)
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    on.office.at_end[ADA] = [Do.HOLD]
    patient = replace(delivery_of(on.service), renew_every=0.01)
    delivering = asyncio.create_task(do_due(on.service.database, "delivery", Work(patient.deliver, lease=LEASE)))
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.clock.advance(20 * SECOND)
    async with asyncio.timeout(5):
        while await on.rows("SELECT 1 FROM due WHERE kind = 'delivery' AND ready_at < clock() + interval '30 s'"):
            pass
    await on.clock.advance(20 * SECOND)
    await on.deliver()
    assert len(on.office.mails) == 1, "40 seconds later it is still nobody else's"
    on.office.gate.set()
    await delivering


async def test_a_hundred_mails_go_out_side_by_side(on: Stage) -> None:
    ids = [f"c-{n}" for n in range(100)]
    await on.know(*ids)
    await on.consume(opened(on.now), impact(on.now, *ids))
    for each in ids:
        on.office.at_end[f"{each}@example.org"] = [Do.HOLD]
    async with on.delivering():
        await until(lambda: on.office.held == AT_ONCE)  # one after another, the server would never hold a second one
        on.office.gate.set()
        await until(lambda: len(on.office.mails) >= len(ids) and on.office.held == 0)
    assert sorted(recipient for recipient, _ in on.office.mails) == sorted(f"{each}@example.org" for each in ids)
    assert on.office.connections <= AT_ONCE


async def test_the_metrics_count_what_became_of_each_and_how_soon(on: Stage) -> None:
    def count(kind: str, status: str) -> float:
        return value(metrics.NOTIFICATIONS.labels(kind, status))

    before = {(kind, status): count(kind, status) for kind in ("opened", "resolved") for status in ("delivered", "failed", "suppressed")}
    told_before = total(metrics.TOLD_AFTER_SECONDS)
    await on.know("c-1", "c-2", "c-3")
    on.office.at_recipient["c-2@example.org"] = ["550 no"]
    seen = impact(on.now, "c-1", "c-2", "c-3")
    await on.hear(customer("c-3", at=on.now + SECOND, consent={"incident": False}))
    await on.clock.advance(2 * SECOND)
    await on.hear(opened(on.now), seen)
    await on.hear(resolved(on.now))
    grown = {key: count(*key) - value for key, value in before.items() if count(*key) != value}
    assert grown == {("opened", "delivered"): 1, ("opened", "failed"): 1, ("opened", "suppressed"): 1, ("resolved", "delivered"): 1}
    assert total(metrics.TOLD_AFTER_SECONDS) - told_before == 3.0, "from the first bad event, a second before the impact"
