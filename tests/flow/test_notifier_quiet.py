"""Customers are told when it helps, and once: quiet hours, what may be over soon, so many a minute, and one person behind two customers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.settings import Settings
from tests.flow.notifier_stage import CONFIG, HOUR, MINUTE, SECOND, Stage, impact, linked, opened, replied, resolved, stage, updated

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"


@asynccontextmanager
async def notifier(settings: Settings, folder: Path, *changes: tuple[str, str], **given: Any) -> AsyncIterator[Stage]:
    """Yields a notifier whose notifications.yml differs from the shipped one in these places."""
    text = (CONFIG / "notifications.yml").read_text()
    for shipped, own in changes:
        assert text.count(shipped) == 1
        text = text.replace(shipped, own)
    (folder / "notifications.yml").write_text(text)
    async with stage(settings, own_config_dir=str(folder), **given) as it:
        yield it


@asynccontextmanager
async def at_night(settings: Settings, folder: Path) -> AsyncIterator[tuple[Stage, datetime]]:
    """Yields a notifier in the quiet hours of its only customer, and when they are over: in eight hours."""
    now = datetime.now(UTC)
    morning = (now + 8 * HOUR).replace(second=0, microsecond=0)
    quiet = f'quiet_hours: {{from: "{now - HOUR:%H:%M}", to: "{morning:%H:%M}"}}'
    async with notifier(settings, folder, ("\nttl: 24h ", f"\n{quiet}\nttl: 24h ")) as on:
        await on.know("c-1")
        yield on, morning


async def test_what_comes_at_night_is_told_in_the_morning_if_it_still_goes_on(fresh_database: Settings, tmp_path: Path) -> None:
    async with at_night(fresh_database, tmp_path) as (on, morning):
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        await on.goes_on(until=morning - SECOND, every=2 * HOUR)
        await on.hear(updated(on.now, revision=90))
        assert on.office.mails == []
        await on.loop.advance(SECOND)
        assert on.office.kinds(ADA) == ["opened"]
        await on.hear(resolved(on.now, revision=91))
        assert on.office.kinds(ADA) == ["opened", "resolved"]


async def test_what_is_over_by_the_morning_is_never_told(fresh_database: Settings, tmp_path: Path) -> None:
    async with at_night(fresh_database, tmp_path) as (on, morning):
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        await on.hear(resolved(on.now + HOUR, revision=1))
        assert await on.ledger() == [("opened", "suppressed", "stale")]
        await on.loop.advance(morning - on.now)
        assert on.office.mails == []


async def test_what_turns_critical_at_night_is_told_at_once_and_a_reply_anyway(fresh_database: Settings, tmp_path: Path) -> None:
    async with at_night(fresh_database, tmp_path) as (on, _):
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        await on.hear(replied(on.now, "reply"))
        assert on.office.kinds(ADA) == ["reply"]
        await on.hear(updated(on.now + SECOND, revision=1, severity="critical"))
        assert on.office.kinds(ADA) == ["reply", "opened"]


async def test_what_is_over_before_it_has_lasted_is_never_told(fresh_database: Settings, tmp_path: Path) -> None:
    async with notifier(fresh_database, tmp_path, ("hold_down: 0s ", "hold_down: 1m ")) as on:
        await on.know("c-1")
        await on.hear(opened(on.now), impact(on.now, "c-1"), opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
        await on.hear(resolved(on.now + SECOND, revision=1))
        await on.loop.advance(45 * SECOND)  # it began 15 s before it was opened
        assert [mail["X-Forewarn-Incident"] for mail in on.office.to(ADA)] == ["i-2"]
        assert ("opened", "suppressed", "stale") in await on.ledger()


async def test_only_so_many_are_told_in_a_minute_and_the_others_in_the_next(fresh_database: Settings, tmp_path: Path) -> None:
    caps = ("  per: 1h\n", "  per: 1h\n  incident_per_minute: 2\n  all_per_minute: 3\n")
    async with notifier(fresh_database, tmp_path, caps) as on:
        await on.clock.set(on.now.replace(second=0) + MINUTE)
        everybody = [f"c-{n}" for n in range(5)]
        await on.know(*everybody)
        await on.hear(opened(on.now), impact(on.now, *everybody), opened(on.now, "i-2"), impact(on.now, *everybody, incident_id="i-2"))
        counts = [len(on.office.mails)]
        for _ in range(9):
            await on.loop.advance(MINUTE)
            await on.hear(updated(on.now, revision=len(counts)), updated(on.now, "i-2", revision=len(counts)))
            counts.append(len(on.office.mails))
        assert max(later - before for before, later in pairwise(counts)) <= 3
        assert counts[0] == 3
        assert counts[-1] == 10
        critical = [opened(on.now, "i-3", severity="critical"), impact(on.now, *everybody[:2], incident_id="i-3")]
        await on.hear(opened(on.now, "i-4"), impact(on.now, *everybody, incident_id="i-4"), *critical)
        assert [mail["X-Forewarn-Incident"] for _, mail in on.office.mails[10:]].count("i-3") == 2, "they wait for no others"


# ── one person ───────────────────────────────────────────────────────────────────────────────

SHARED = [{"channel": "email", "address": "Team@example.org", "role": "owner"}]


async def test_one_person_behind_two_customers_is_told_once_and_hears_the_end_once(on: Stage) -> None:
    await on.know("c-1", "c-2", contacts=SHARED)
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    assert len(on.office.mails) == 1
    assert sorted([*await on.ledger("c-1"), *await on.ledger("c-2")], key=str) == [
        ("opened", "delivered", None),
        ("opened", "suppressed", "duplicate"),
    ]
    await on.hear(resolved(on.now + SECOND, revision=1))
    assert [mail["X-Forewarn-Kind"] for _, mail in on.office.mails] == ["opened", "resolved"]


async def test_who_could_not_be_told_for_the_first_customer_is_told_for_the_second(on: Stage) -> None:
    await on.know("c-1", "c-2", contacts=SHARED)
    on.office.at_recipient["Team@example.org"] = ["450 4.2.1 later"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert on.office.mails == []
    await on.hear(impact(on.now, "c-2", chunk=1))
    assert len(on.office.mails) == 1
    await on.loop.advance(MINUTE)
    assert len(on.office.mails) == 1
    assert (await on.ledger("c-1"), await on.ledger("c-2")) == ([("opened", "suppressed", "duplicate")], [("opened", "delivered", None)])


async def test_who_was_answered_on_their_ticket_gets_no_alarm_and_hears_the_end_there(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), linked(on.now), replied(on.now, "answer", incident_id="i-1"))
    await on.hear(impact(on.now + SECOND, "c-1"))
    assert on.office.kinds(ADA) == ["answer"]
    assert ("opened", "suppressed", "answered") in await on.ledger()
    await on.hear(resolved(on.now + MINUTE, revision=1))
    assert on.office.kinds(ADA) == ["answer", "resolved"]
    assert on.office.to(ADA)[-1]["X-Forewarn-Ticket"] == "t-1"
