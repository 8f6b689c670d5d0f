"""An incident ends in one of three ways; who was told of it hears of that one, once, and a repeated fact ends nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import permutations

import pytest

from shared.events import IncidentDismissed, IncidentResolved, IncidentWithdrawn
from shared.settings import Settings
from tests.flow.notifier_stage import (
    MINUTE,
    SECOND,
    Stage,
    dismissed,
    impact,
    opened,
    reopened,
    replied,
    resolved,
    stage,
    updated,
    withdrawn,
)
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"
LATER: list[str | Do] = ["450 4.2.1 later"]
End = Callable[..., IncidentResolved | IncidentWithdrawn | IncidentDismissed]
TOLD = """INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, status, sent_at, settled_at)
    SELECT 'n-' || n, 'c-' || n, 'opened', 'i-1', $2, 'delivered', $2, $2 FROM generate_series(1, $1::int) n WHERE 'c-' || n <> $3
    RETURNING customer_id"""


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database) as it:
        await it.know("c-1", "c-2", "c-3")
        yield it


async def status(on: Stage) -> str:
    [row] = await on.rows("SELECT status FROM incidents WHERE id = 'i-1'")
    return str(row["status"])


async def told(on: Stage) -> None:
    """Tells the first customer of the incident and answers the second on a ticket; the third waits for a mail server."""
    on.office.at_recipient["c-3@example.org"] = LATER * 100
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-3"), replied(on.now, "answer", customer_id="c-2", incident_id="i-1"))
    await on.clock.advance(MINUTE)


# ── withdrawn, dismissed, resolved ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(("end", "kind"), [(withdrawn, "withdrawn"), (dismissed, "dismissed")])
async def test_who_was_told_of_what_is_withdrawn_or_dismissed_hears_that_and_no_all_clear(on: Stage, end: End, kind: str) -> None:
    await told(on)
    await on.hear(end(on.now))
    await on.loop.advance(MINUTE)
    assert on.office.kinds(ADA) == ["opened", kind]
    assert on.office.kinds("c-2@example.org") == ["answer", kind], "on the ticket that answered them"
    assert on.office.kinds("c-3@example.org") == []
    assert await on.ledger("c-3") == [("opened", "suppressed", "stale")]
    first, second = on.office.to(ADA)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "works again" not in str(second)


@pytest.mark.parametrize("end", [resolved, withdrawn, dismissed])
async def test_an_end_without_tell_tells_nobody(on: Stage, end: End) -> None:
    await told(on)
    await on.hear(end(on.now, revision=1, tell=False))
    await on.loop.advance(MINUTE)
    assert (on.office.kinds(ADA), on.office.kinds("c-2@example.org")) == (["opened"], ["answer"])
    assert await on.ledger("c-3") == [("opened", "suppressed", "stale")]


@pytest.mark.parametrize("end", [resolved, withdrawn, dismissed])
async def test_an_end_is_told_once_whatever_is_replayed(on: Stage, end: End) -> None:
    await told(on)
    facts = [opened(on.now - MINUTE), updated(on.now - SECOND, revision=1), end(on.now, revision=2)]
    await on.hear(*facts)
    await on.loop.advance(MINUTE)
    known = await on.everything()
    await on.hear(*facts, *facts)
    assert await on.everything() == known


@pytest.mark.parametrize("first", [resolved, withdrawn, dismissed])
@pytest.mark.parametrize("second", [resolved, withdrawn, dismissed])
async def test_who_heard_of_an_end_hears_of_no_second_one_without_being_told_again(on: Stage, first: End, second: End) -> None:
    await told(on)
    await on.hear(first(on.now, revision=1))
    await on.loop.advance(MINUTE)
    assert len(on.office.to(ADA)) == 2
    await on.hear(reopened(on.now, revision=2))
    await on.hear(second(on.now, revision=3))
    await on.loop.advance(MINUTE)
    assert len(on.office.to(ADA)) == 2


async def test_an_all_clear_that_did_not_go_out_becomes_the_withdrawal_that_came_after_it(on: Stage) -> None:
    await told(on)
    on.office.at_recipient[ADA] = list(LATER)
    await on.hear(resolved(on.now, revision=1))
    await on.hear(reopened(on.now, revision=2), withdrawn(on.now, revision=3))
    await on.loop.advance(5 * MINUTE)
    assert on.office.kinds(ADA) == ["opened", "withdrawn"]
    assert ("resolved", "suppressed", "stale") in await on.ledger()


async def test_an_all_clear_on_its_way_when_the_incident_is_withdrawn_leaves_exactly_one_end(on: Stage) -> None:
    await told(on)
    on.office.at_end[ADA] = [Do.HOLD]
    await on.consume(resolved(on.now, revision=1))
    await on.follow_up()
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.consume(reopened(on.now, revision=2), withdrawn(on.now, revision=3))
    await on.follow_up()
    on.office.gate.set()
    await delivering
    await on.loop.advance(5 * MINUTE)
    assert on.office.kinds(ADA) == ["opened", "resolved"]


# ── revisions ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at_once", [1, 50])
async def test_a_repeated_resolved_does_not_end_a_reopened_incident(on: Stage, at_once: int) -> None:
    await told(on)
    over = resolved(on.now, revision=1)
    facts = [opened(on.now - MINUTE), over, reopened(on.now, revision=2), over]
    for start in range(0, len(facts), at_once):
        await on.hear(*facts[start : start + at_once])
    sent = len(on.office.mails)
    await on.loop.advance(MINUTE)
    assert await status(on) == "open"
    assert len(on.office.mails) == sent
    on.office.at_recipient["c-3@example.org"].clear()
    await on.hear(impact(on.now, "c-3", chunk=1))
    await on.loop.advance(5 * MINUTE)
    assert on.office.kinds("c-3@example.org") == ["opened"], "it is told as going on"


async def test_whatever_order_the_facts_come_in_the_highest_revision_says_how_it_stands(on: Stage) -> None:
    for number, order in enumerate(permutations(range(4))):
        facts = [make(on.now, f"i-{number}", revision=n) for n, make in enumerate((opened, resolved, reopened, dismissed))]
        await on.hear(*(facts[n] for n in order))
    rows = await on.rows("SELECT status, revision FROM incidents")
    assert {(row["status"], row["revision"]) for row in rows} == {("dismissed", 3)}


async def test_a_resolved_that_comes_before_opened_stands(on: Stage) -> None:
    await on.hear(resolved(on.now, revision=1), opened(on.now), impact(on.now, "c-1"))
    assert await status(on) == "resolved"
    assert on.office.mails == []


async def test_an_end_of_an_older_version_has_no_revision_and_is_taken_once(on: Stage) -> None:
    await told(on)
    over = resolved(on.now)
    await on.hear(updated(on.now, revision=2), over)
    assert await status(on) == "resolved"
    assert on.office.kinds(ADA) == ["opened", "resolved"]
    await on.hear(reopened(on.now, revision=3), over)
    assert await status(on) == "open"


# ── the end of a large incident ──────────────────────────────────────────────────────────────


async def test_the_stream_only_turns_the_incident_and_the_end_follows_in_pieces(on: Stage) -> None:
    ids = await many_told(on, 2500)
    await on.consume(resolved(on.now, revision=1))
    assert await ends(on) == 0
    pieces = []
    while await on.follow_up():
        pieces.append(await ends(on))
    assert pieces == [1000, 2000, 2500]
    assert await on.rows("SELECT 1 FROM due WHERE kind = 'follow_up'") == []
    due = await on.rows("SELECT ref FROM due WHERE kind = 'end'")
    assert len({row["ref"] for row in due}) == len(ids)


async def test_a_reopening_in_the_middle_stops_the_end(on: Stage) -> None:
    await many_told(on, 2500)
    await on.consume(resolved(on.now, revision=1))
    await on.follow_up()
    await on.consume(reopened(on.now, revision=2))
    while await on.follow_up():
        pass
    assert await ends(on) == 1000
    await on.deliver()
    assert on.office.mails == [], "these are not told either: it goes on"
    await on.consume(resolved(on.now + SECOND, revision=3))
    while await on.follow_up():
        pass
    assert await ends(on) == 2500


async def test_who_is_being_told_while_the_end_is_written_gets_it_once(on: Stage) -> None:
    await many_told(on, 1500, but="c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    on.office.at_end[ADA] = [Do.HOLD]
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.consume(resolved(on.now, revision=1))
    assert await on.follow_up(), "the piece that c-1 is in"
    on.office.gate.set()
    await delivering
    assert await on.ledger() == [("opened", "delivered", None), ("resolved", "waiting", None)]
    while await on.follow_up():
        pass
    assert await ends(on) == 1500, "everybody's, c-1's among them, once"


async def test_what_still_waits_is_decided_when_the_piece_with_it_comes(on: Stage) -> None:
    await told(on)
    await on.hear(resolved(on.now, revision=1))
    assert await on.ledger("c-3") == [("opened", "suppressed", "stale")], "at once, and not when the next try would have been"


async def many_told(on: Stage, count: int, *, but: str = "") -> list[str]:
    """Notes in the database that so many customers were told of the incident, since each mail would take its time."""
    await on.hear(opened(on.now))
    rows = await on.rows(TOLD, count, on.now, but)
    return [row["customer_id"] for row in rows]


async def ends(on: Stage) -> int:
    return len(await on.rows("SELECT 1 FROM notifications WHERE kind = 'resolved'"))
