"""Only what is failing now is told as failing: not old trouble, silence, or what a monitor finds that catches up."""

from datetime import timedelta

import pytest

from shared.events import NotificationSuppressed
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, impact, kinds, opened, reopened, replied, resolved, updated
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"
THREE_HOURS = 3 * HOUR
DEFERRED: list[str | Do] = ["450 4.2.1 later"] * 1000


async def trouble_of(on: Stage, ago: timedelta, customers: int = 20) -> None:
    """Publishes what a monitor finds that was away so long: an incident of then, with twenty customers."""
    ids = [f"c-{n}" for n in range(1, customers + 1)]
    await on.know(*ids)
    then = on.now - ago
    await on.hear(opened(then, failing_at=then, behind_seconds=ago.total_seconds()), impact(then, *ids))


async def last_why(on: Stage) -> dict[str, object]:
    [row] = await on.rows("SELECT why FROM notifications WHERE customer_id = 'c-1' AND kind = 'opened'")
    return {name: figure for name, figure in row["why"].items() if name not in ("policy", "waits_for")}


# ── a monitor that catches up ────────────────────────────────────────────────────────────────


async def test_old_trouble_is_not_told_as_failing_and_its_end_tells_nobody(on: Stage) -> None:
    await trouble_of(on, THREE_HOURS)
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "waiting", None)]
    assert await last_why(on) == {"behind_s": 10800.0, "hold_when_behind_s": 60.0}
    await on.loop.advance(3 * SECOND)
    await on.hear(resolved(on.now - 2 * HOUR, revision=1, behind_seconds=7200))
    await on.loop.advance(THREE_HOURS)
    assert on.office.mails == []
    for n in range(1, 21):
        assert await on.ledger(f"c-{n}") == [("opened", "suppressed", "stale")], "decided when the end came, and nothing follows"
    assert {fact.data.why["incident"] for fact in on.said() if isinstance(fact, NotificationSuppressed)} == {"resolved"}


async def test_what_was_held_is_told_at_once_when_monitor_has_caught_up_and_it_still_fails(on: Stage) -> None:
    await trouble_of(on, THREE_HOURS)
    await on.loop.advance(10 * SECOND)
    await on.hear(updated(on.now - HOUR, revision=1, behind_seconds=3600))
    assert on.office.mails == []
    await on.hear(updated(on.now, revision=2, behind_seconds=2))
    assert len(on.office.mails) == 20


async def test_what_was_held_is_not_told_when_monitor_has_caught_up_and_it_fails_no_more(on: Stage) -> None:
    await trouble_of(on, THREE_HOURS)
    await on.hear(updated(on.now, revision=1, failing_at=on.now - 20 * MINUTE, behind_seconds=2))
    assert on.office.mails == []
    assert await last_why(on) == {"last_failing_s": 1200.0, "told_within_s": 900.0}


async def test_what_is_held_for_longer_than_the_outer_limit_is_told_no_more(on: Stage) -> None:
    await trouble_of(on, THREE_HOURS, customers=1)
    await on.loop.advance(22 * HOUR)
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "stale")]


async def test_who_asks_about_old_trouble_is_answered_all_the_same(on: Stage) -> None:
    await trouble_of(on, THREE_HOURS)
    await on.hear(replied(on.now, "answer", incident_id="i-1"))
    assert on.office.kinds(ADA) == ["answer"]


# ── a mail server that is away ───────────────────────────────────────────────────────────────


async def test_trouble_that_goes_on_is_told_though_the_mail_server_was_away_for_forty_minutes(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = list(DEFERRED)
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.goes_on(until=on.now + 40 * MINUTE)
    on.office.at_recipient[ADA].clear()
    assert on.office.mails == []
    await on.goes_on(until=on.now + 30 * MINUTE, revision=9)
    assert on.office.kinds(ADA) == ["opened"]


async def test_a_fact_about_the_incident_does_not_hurry_a_mail_that_a_server_put_off(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(updated(on.now, revision=1))
    assert on.office.mails == []
    await on.loop.advance(MINUTE)
    assert on.office.kinds(ADA) == ["opened"]


async def untold_for_twenty_minutes(on: Stage) -> None:
    """Lets twenty minutes pass in which nobody says that it goes on, and the server takes the mail too late."""
    await on.know("c-1")
    on.office.at_recipient[ADA] = list(DEFERRED)
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(22 * MINUTE)
    on.office.at_recipient[ADA].clear()
    assert await on.ledger() == [("opened", "suppressed", "stale")]


async def test_what_was_suppressed_as_not_true_lately_is_told_when_it_is_true_anew(on: Stage) -> None:
    await untold_for_twenty_minutes(on)
    await on.hear(updated(on.now, revision=1))
    assert on.office.kinds(ADA) == ["opened"]
    assert kinds(on.said()) == ["suppressed", "delivered"]
    await on.hear(updated(on.now, revision=2), resolved(on.now, revision=3))
    assert on.office.kinds(ADA) == ["opened", "resolved"]


async def test_what_stays_untrue_is_not_decided_again_and_again(on: Stage) -> None:
    await untold_for_twenty_minutes(on)
    await on.hear(updated(on.now, revision=1, failing_at=on.now - HOUR))
    await on.hear(updated(on.now, revision=2, silent_since=on.now - HOUR))
    await on.hear(updated(on.now, revision=3, behind_seconds=600))
    assert kinds(on.said()) == ["suppressed"]


async def test_what_was_untrue_when_it_ended_is_not_told_when_the_incident_comes_back(on: Stage) -> None:
    await untold_for_twenty_minutes(on)
    await on.hear(resolved(on.now, revision=1))
    await on.hear(reopened(on.now, failing_at=on.now))
    assert on.office.mails == [], "their trouble was in its first life"
    await on.hear(impact(on.now, "c-1", chunk=1))
    assert on.office.kinds(ADA) == ["opened"]


# ── silence ──────────────────────────────────────────────────────────────────────────────────


async def test_a_silent_incident_is_told_to_nobody_until_it_is_heard_failing(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), updated(on.now, revision=1, silent_since=on.now - 20 * MINUTE), impact(on.now, "c-1"))
    assert on.office.mails == []
    assert await last_why(on) == {"incident": "silent", "silent_s": 1200.0}
    await on.hear(updated(on.now, revision=2))
    assert on.office.kinds(ADA) == ["opened"]


async def test_an_impact_that_comes_before_its_incident_is_announced_is_told_then(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "suppressed", "stale")]
    await on.hear(opened(on.now, failing_at=on.now))
    assert on.office.kinds(ADA) == ["opened"]
