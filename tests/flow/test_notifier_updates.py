"""Who was told of an incident hears what is new while it goes on: once, the newest alone, and nothing after the end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.events import IncidentUpdated, PublicUpdate
from shared.settings import Settings
from tests.flow.notifier_stage import MINUTE, SECOND, Stage, impact, kinds, opened, resolved, stage, updated
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

TOLD_OF_NEWS = ("updated", "delivered", None)
ADA, BOB = "c-1@example.org", "c-2@example.org"


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database) as it:
        await it.know("c-1", "c-2")
        await it.hear(opened(it.now), impact(it.now, "c-1"))
        yield it


def says(on: Stage, words: str, *, revision: int, **more: Any) -> IncidentUpdated:
    """Returns the fact that a person says so to customers, and goes on saying it."""
    public = PublicUpdate(words=words, at=on.now, by="bob", **more)
    fact = updated(on.now, revision=revision)
    return fact.model_copy(update={"data": fact.data.model_copy(update={"public": public, "step": "updated"})})


async def test_a_persons_words_are_told_to_who_was_told_in_the_same_thread_and_to_nobody_else(on: Stage) -> None:
    on.office.at_recipient[BOB] = ["450 4.2.1 later"] * 9
    await on.hear(impact(on.now, "c-2", chunk=1))
    later = {"workaround": "Pay by card.", "estimate": on.now + timedelta(hours=2), "next_update_at": on.now + timedelta(hours=1)}
    await on.hear(says(on, "A provider is down.", revision=1, **later))
    assert on.office.kinds(ADA) == ["opened", "updated"]
    alarm, news = on.office.to(ADA)
    assert news["In-Reply-To"] == alarm["Message-ID"]
    text = " ".join(str(news.get_body(("plain",)).get_content()).split())  # type: ignore[union-attr]
    assert "A provider is down. What you can do meanwhile: Pay by card. It should be over by" in text
    assert await on.ledger("c-2") == [("opened", "waiting", None)], "who was not told yet is told the newest at once, and no update"
    on.office.at_recipient[BOB] = []
    await on.loop.advance(MINUTE)
    [late] = on.office.to(BOB)
    assert "A provider is down.\n\nPay by card" not in str(late)
    assert "A provider is down." in str(late)
    assert "Pay by card." in str(late)
    await on.loop.advance(10 * MINUTE)
    assert on.office.kinds(BOB) == ["opened"]


async def test_that_it_goes_on_or_gets_better_is_no_news_and_that_it_gets_worse_is(on: Stage) -> None:
    await on.hear(updated(on.now, revision=1), updated(on.now, revision=2, severity="low"))
    assert on.office.kinds(ADA) == ["opened"]
    await on.hear(updated(on.now, revision=3, severity="critical"))
    assert on.office.kinds(ADA) == ["opened", "updated"]
    assert "has become worse" in str(on.office.to(ADA)[1])


async def test_what_is_replayed_tells_nothing_again(on: Stage) -> None:
    facts = [says(on, "One.", revision=1), says(on, "Two.", revision=2), updated(on.now, revision=3, severity="critical")]
    await on.hear(*facts)
    await on.loop.advance(MINUTE)
    known = await on.everything()
    await on.hear(opened(on.now - MINUTE), *facts, *reversed(facts))
    await on.loop.advance(MINUTE)
    assert await on.everything() == known


async def test_of_several_changes_only_the_newest_is_told_and_the_others_are_superseded(on: Stage) -> None:
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await on.hear(says(on, "One.", revision=1))
    await on.hear(says(on, "Two.", revision=2))
    await on.hear(says(on, "Three.", revision=3))
    await on.loop.advance(2 * MINUTE)
    assert on.office.kinds(ADA) == ["opened", "updated", "updated"], "the second had been told when the third came"
    superseded = ("updated", "suppressed", "superseded")
    assert sorted(await on.ledger(), key=str) == sorted([("opened", "delivered", None), superseded, *[TOLD_OF_NEWS] * 2], key=str)
    assert "suppressed" in kinds(on.said())


async def test_an_update_under_way_is_waited_for_and_the_newer_one_follows_it(on: Stage) -> None:
    on.office.at_end[ADA] = [Do.HOLD]
    await on.consume(says(on, "One.", revision=1))
    while await on.follow_up():
        pass
    sending = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.consume(says(on, "Two.", revision=2))
    while await on.follow_up():
        pass
    assert await on.ledger() == [("opened", "delivered", None), ("updated", "waiting", None)]
    on.office.gate.set()
    await sending
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened", "updated", "updated"]
    assert "Two." in str(on.office.to(ADA)[-1])


async def test_nothing_is_told_of_news_once_it_is_over(on: Stage) -> None:
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await on.hear(says(on, "One.", revision=1))
    await on.hear(resolved(on.now, revision=2))
    await on.loop.advance(5 * MINUTE)
    assert on.office.kinds(ADA) == ["opened", "resolved"]
    assert ("updated", "suppressed", "stale") in await on.ledger()


async def test_news_counts_against_the_cap_but_for_a_persons_words_of_what_is_critical(on: Stage) -> None:
    for revision, words in enumerate(("One.", "Two.", "Three."), 1):
        await on.hear(says(on, words, revision=revision))
        await on.loop.advance(SECOND)
    assert [kind for kind, status, _ in await on.ledger() if status == "delivered"] == ["opened", "updated", "updated"]
    assert ("updated", "suppressed", "capped") in await on.ledger()
    worse = says(on, "Four.", revision=4)
    await on.hear(worse.model_copy(update={"data": worse.data.model_copy(update={"severity": "critical"})}))
    assert on.office.kinds(ADA) == ["opened", "updated", "updated", "updated"]


TOLD = """INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, status, sent_at, settled_at)
    SELECT 'n-' || n, 'c-' || n, 'opened', 'i-1', $2, 'delivered', $2, $2 FROM generate_series(3, $1::int) AS n"""


async def test_news_for_many_goes_in_pieces_which_facts_that_are_none_do_not_end(on: Stage) -> None:
    await on.rows(TOLD, 2500, on.now)
    await on.consume(says(on, "One.", revision=1))
    pieces = 0
    while done := await on.follow_up():
        pieces += done
        if pieces == 2:
            await on.consume(says(on, "One.", revision=2))
    [row] = await on.rows("SELECT count(*) AS n, count(DISTINCT customer_id) AS customers FROM notifications WHERE kind = 'updated'")
    assert (row["n"], row["customers"]) == (2499, 2499)
