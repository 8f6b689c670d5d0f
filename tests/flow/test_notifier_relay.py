"""The mail relay refuses us: delivery pauses but for a probe, operators see it, and all are told once it is mended."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from services.notifier import metrics
from services.notifier.channels.email.verp import ReturnPaths
from services.notifier.lanes import LANES
from shared.settings import Settings
from tests.figures import value
from tests.flow.notifier_stage import (
    CONFIG,
    HOUR,
    MINUTE,
    SECOND,
    Stage,
    delivery_of,
    impact,
    opened,
    replied,
    resolved,
    stage,
    still_failing,
)
from tests.smtp import post_office

pytestmark = pytest.mark.asyncio

NO_SUCH_SENDER = "553 5.1.8 sender domain does not exist"
MANY = [f"c-{n}" for n in range(40)]


def paused() -> float:
    return value(metrics.DELIVERY_PAUSED.labels("email"))


def refusals() -> float:
    return value(metrics.RETRIES.labels("relay"))


async def goes_on(on: Stage, by: timedelta) -> None:
    """Lets time pass while the incident still fails."""
    end = on.now + by
    while on.now < end:
        await on.loop.advance(min(5 * MINUTE, end - on.now))
        await on.hear(still_failing(on.now))


async def marked(on: Stage) -> list[dict[str, object]]:
    return await on.rows("SELECT * FROM bad_addresses")


async def test_the_relay_refuses_our_sender_for_an_hour_and_all_are_told_when_it_is_mended(
    on: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a relay that refuses our sender
    counted = refusals()
    await on.know(*MANY)
    on.office.at_sender = NO_SUCH_SENDER
    # When an incident touches many, and a customer gets an answer, for an hour
    await on.hear(opened(on.now), impact(on.now, *MANY), replied(on.now, "reply", customer_id="c-0"))
    assert paused() == 1
    await goes_on(on, HOUR)
    # Then no address is marked, nobody is told, hardly anybody asks, and an operator sees why
    assert await marked(on) == []
    assert on.office.mails == []
    assert len(on.office.senders) <= 5 + 15, "five until delivery pauses, then one at the end of each pause"
    assert refusals() - counted == len(on.office.senders)
    assert paused() == 1
    assert {row["status"] for row in await on.rows("SELECT status FROM notifications")} == {"waiting"}
    said = [record.message for record in caplog.records if record.name == "services.notifier.timers"]
    assert said == ["delivery by email pauses: the provider refuses us: 553 5.1.8"]
    # And when it is mended
    on.office.at_sender = "250 ok"
    await goes_on(on, 5 * MINUTE + 10 * SECOND)
    assert sorted(to for to, _ in on.office.mails) == sorted([*(f"{each}@example.org" for each in MANY), "c-0@example.org"])
    assert paused() == 0
    assert await marked(on) == []
    assert await on.rows("SELECT * FROM due WHERE kind = ANY ($1)", LANES) == []


async def test_a_pause_that_lasts_longer_than_the_time_to_live_tells_nobody_after(fresh_database: Settings, tmp_path: Path) -> None:
    configured = yaml.safe_load((CONFIG / "notifications.yml").read_text())
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump({**configured, "ttl": "30m"}))
    (tmp_path / "catalog.yml").write_text((CONFIG / "catalog.yml").read_text())
    async with stage(fresh_database, config_dir=tmp_path) as on:
        await on.know(*MANY[:10])
        on.office.at_sender = NO_SUCH_SENDER
        await on.hear(opened(on.now), impact(on.now, *MANY[:10]))
        await goes_on(on, 29 * MINUTE)
        assert {row["status"] for row in await on.rows("SELECT status FROM notifications")} == {"waiting"}
        await goes_on(on, 10 * MINUTE)
        on.office.at_sender = "250 ok"
        await goes_on(on, HOUR)
        assert on.office.mails == []
        assert {(row["status"], row["reason"]) for row in await on.rows("SELECT * FROM notifications")} == {("failed", "expired")}


async def test_what_ends_while_delivery_pauses_is_decided_at_once_and_nobody_is_told(on: Stage) -> None:
    await on.know(*MANY[:10])
    on.office.at_sender = NO_SUCH_SENDER
    await on.hear(opened(on.now), impact(on.now, *MANY[:10]))
    await on.hear(resolved(on.now + SECOND))
    rows = await on.rows("SELECT status, reason FROM notifications")
    assert {(row["status"], row["reason"]) for row in rows} == {("suppressed", "stale")}
    on.office.at_sender = "250 ok"
    await on.loop.advance(HOUR)
    assert on.office.mails == []


async def test_mails_that_come_while_delivery_pauses_wait_without_a_word_to_the_relay(on: Stage) -> None:
    await on.know(*MANY)
    on.office.at_sender = NO_SUCH_SENDER
    await on.hear(opened(on.now), impact(on.now, *MANY[:10]))
    asked, met = len(on.office.senders), on.office.connections
    await on.hear(impact(on.now, *MANY[10:], chunk=1), replied(on.now, "reply"))
    assert (len(on.office.senders), on.office.connections) == (asked, met)
    due = await on.rows("SELECT ready_at FROM due WHERE kind = ANY ($1)", LANES)
    waits: set[datetime] = {row["ready_at"] for row in due}
    assert max(waits) == on.now + MINUTE


async def test_one_customer_whose_server_is_odd_pauses_nothing(on: Stage) -> None:
    """A relay that hands a recipient's words on may speak of the sender; others are let in between."""
    await on.know(*MANY)
    on.office.at_recipient["c-0@example.org"] = ["550 5.1.8 sender rejected"] * 99
    await on.hear(opened(on.now), impact(on.now, *MANY))
    assert len(on.office.mails) == len(MANY) - 1
    assert paused() == 0


async def test_twelve_under_way_at_once_count_and_the_pause_stays_short(on: Stage) -> None:
    await on.know(*MANY)
    await on.consume(opened(on.now), impact(on.now, *MANY))
    on.office.at_sender = NO_SUCH_SENDER
    await asyncio.gather(*(on.deliver() for _ in range(12)))
    assert delivery_of(on.service).routes["email"].breaker.wait_until(on.now) == on.now + MINUTE
    on.office.at_sender = "250 ok"
    await goes_on(on, 2 * MINUTE)
    assert len(on.office.mails) == len(MANY)


async def test_a_mail_server_that_lets_nobody_in_any_more_pauses_delivery_too(on: Stage) -> None:
    await on.know(*MANY)
    on.office.at_hello = "554 5.7.1 you are blocked"
    await on.hear(opened(on.now), impact(on.now, *MANY))
    assert (paused(), on.office.senders) == (1, [])
    on.office.at_hello = ""
    await goes_on(on, 2 * MINUTE)
    assert len(on.office.mails) == len(MANY)


async def test_one_of_two_relays_refuses_us_and_all_are_told_and_delivery_pauses_only_when_both_do(fresh_database: Settings) -> None:
    async with post_office() as one, post_office() as other:
        relays = " ".join(f"smtp://127.0.0.1:{office.address[1]}?tls=none" for office in (one, other))
        async with stage(fresh_database, smtp_relays=relays) as on:
            # Given two relays, one of which refuses our sender
            await on.know(*MANY)
            one.at_sender = NO_SUCH_SENDER
            # When an incident touches many, then all are told, and no try counts as one that brought nothing
            await on.hear(opened(on.now), impact(on.now, *MANY))
            assert sorted(to for to, _ in other.mails) == sorted(f"{each}@example.org" for each in MANY)
            assert {len(row["attempts"]) for row in await on.rows("SELECT attempts FROM notifications")} == {1}
            assert paused() == 0
            # When the other refuses us too, delivery pauses
            other.at_sender = NO_SUCH_SENDER
            await on.hear(opened(on.now, "i-2"), impact(on.now, *MANY, incident_id="i-2"))
            assert paused() == 1
            # And when either is mended, all are told, each once
            one.at_sender = "250 ok"
            for _ in range(10):
                await on.loop.advance(MINUTE)
                await on.hear(still_failing(on.now, "i-2"))
            assert paused() == 0
            told = [(to, str(mail["Message-ID"])) for office in (one, other) for to, mail in office.mails]
            assert len(told) == len(set(told)) == 2 * len(MANY)
            assert await marked(on) == []


async def test_each_mail_has_a_return_path_that_names_its_notification(fresh_database: Settings) -> None:
    async with stage(fresh_database, bounce_address="bounces@example.com") as on:
        await on.know("c-1", "c-2")
        await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
        ids = {row["id"] for row in await on.rows("SELECT id FROM notifications")}
        paths = ReturnPaths("bounces@example.com", b"a secret")
        assert {paths.notification_of(each) for each in on.office.senders} == ids
