"""The all-clear is said by notifier alone: once a customer, in its own words, and on the ticket that is about the incident."""

from collections.abc import AsyncIterator, Callable
from itertools import permutations
from typing import Any

import pytest

from shared.events import Fact
from shared.settings import Settings
from tests.flow.notifier_stage import (
    HOUR,
    MINUTE,
    SECOND,
    Stage,
    dismissed,
    ended_with,
    impact,
    linked,
    opened,
    reopened,
    replied,
    resolved,
    stage,
    withdrawn,
)

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"
SUBJECT = "Re: [#1042] All clear: Checkout works again"


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database) as it:
        await it.know("c-1", "c-2")
        yield it


# ── who hears it, and where ──────────────────────────────────────────────────────────────────


async def test_who_was_answered_on_a_ticket_hears_it_there_at_once_and_in_our_words(on: Stage) -> None:
    await on.hear(opened(on.now), linked(on.now), replied(on.now, "answer", incident_id="i-1"))
    await on.clock.advance(MINUTE)
    end = resolved(on.now)
    await on.hear(end)
    answer, all_clear = on.office.to(ADA)
    assert (all_clear["X-Forewarn-Kind"], all_clear["X-Forewarn-Ticket"]) == ("resolved", "t-1")
    assert all_clear["Subject"] == SUBJECT
    assert all_clear["In-Reply-To"] == answer["Message-ID"]
    assert "is over. If anything still fails" in all_clear.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert all_clear["List-Unsubscribe"] is None, "it is a reply"
    await on.hear(ended_with(on.now + SECOND, end))
    await on.loop.advance(MINUTE)
    assert on.office.kinds(ADA) == ["answer", "resolved"]


async def test_who_was_told_and_has_a_linked_ticket_hears_it_there(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"), linked(on.now))
    await on.clock.advance(MINUTE)
    await on.hear(resolved(on.now))
    told, all_clear = on.office.to(ADA)
    assert (all_clear["Subject"], all_clear["In-Reply-To"]) == (SUBJECT, told["Message-ID"])
    assert on.office.to("c-2@example.org")[1]["Subject"] == "All clear: Checkout works again", "who has no ticket hears it as before"


async def test_who_was_linked_by_an_agent_and_never_told_hears_it(on: Stage) -> None:
    await on.hear(opened(on.now), linked(on.now))
    await on.hear(replied(on.now, "reply", body="We look into it."))
    await on.clock.advance(MINUTE)
    end = resolved(on.now)
    await on.hear(end)
    assert on.office.kinds(ADA) == ["reply"], "only the ticket knows that it waited for this"
    await on.hear(ended_with(on.now, end))
    reply, all_clear = on.office.to(ADA)
    assert (all_clear["Subject"], all_clear["In-Reply-To"]) == (SUBJECT, reply["Message-ID"])


async def test_two_tickets_about_one_incident_bring_one_all_clear(on: Stage) -> None:
    end = resolved(on.now + SECOND)
    await on.hear(opened(on.now), linked(on.now), linked(on.now, ticket_id="t-9", number=1050))
    await on.hear(end, ended_with(on.now, end), ended_with(on.now, end, ticket_id="t-9", number=1050))
    [all_clear] = on.office.to(ADA)
    assert all_clear["X-Forewarn-Ticket"] in {"t-1", "t-9"}, "on the one that said it first"


async def test_a_ticket_that_an_agent_resolved_brings_no_all_clear(on: Stage) -> None:
    await on.hear(opened(on.now), linked(on.now), ended_with(on.now, None))
    await on.clock.advance(MINUTE)
    await on.hear(resolved(on.now))
    await on.loop.advance(HOUR)
    assert on.office.mails == []


async def test_a_ticket_whose_customer_waits_no_longer_brings_no_all_clear(on: Stage) -> None:
    end = resolved(on.now + SECOND)
    await on.hear(opened(on.now), linked(on.now), end, ended_with(on.now + SECOND, end, tell=False))
    await on.loop.advance(HOUR)
    assert on.office.mails == []


async def test_an_end_that_nobody_is_to_hear_of_is_not_told_on_a_ticket(on: Stage) -> None:
    end = resolved(on.now + SECOND, revision=1, tell=False)
    await on.hear(opened(on.now), linked(on.now), end, ended_with(on.now + SECOND, end))
    await on.loop.advance(MINUTE)
    assert await on.ledger() == [("resolved", "suppressed", "stale")]


@pytest.mark.parametrize("other", [withdrawn, dismissed])
async def test_who_was_linked_and_not_told_hears_nothing_of_another_end(on: Stage, other: Callable[..., Fact]) -> None:
    await on.hear(opened(on.now), linked(on.now))
    await on.clock.advance(MINUTE)
    await on.hear(other(on.now))
    await on.loop.advance(MINUTE)
    assert on.office.mails == []


async def test_an_end_of_long_ago_is_told_on_no_ticket_however_late_the_ticket_follows(on: Stage) -> None:
    end = resolved(on.now - 25 * HOUR)
    await on.hear(opened(on.now - 26 * HOUR), end, ended_with(on.now, end))
    assert await on.ledger() == [("resolved", "suppressed", "stale")]


# ── whatever order the facts come in ─────────────────────────────────────────────────────────


async def test_whatever_order_the_facts_of_both_topics_come_in_each_customer_hears_one_all_clear(on: Stage) -> None:
    at, orders = on.now, list(permutations(range(4)))
    await on.know(*(f"o-{number}" for number in range(len(orders))))
    for number, order in enumerate(orders):
        names: dict[str, Any] = {"customer_id": f"o-{number}", "ticket_id": f"t-{number}"}
        end = resolved(at, f"i-{number}", revision=1)
        facts = [opened(at, f"i-{number}"), linked(at, incident_id=f"i-{number}", **names), end, ended_with(at, end, **names)]
        for each in order:
            await on.hear(facts[each])
    await on.loop.advance(MINUTE)
    for number in range(len(orders)):
        assert [mail["Subject"] for mail in on.office.to(f"o-{number}@example.org")] == [SUBJECT], orders[number]


async def test_a_ticket_that_is_ahead_of_its_incident_waits_for_it(on: Stage) -> None:
    end = resolved(on.now + 5 * MINUTE, revision=1)
    await on.hear(opened(on.now), linked(on.now), ended_with(on.now, end))
    assert await on.ledger() == [("resolved", "waiting", None)]
    await on.loop.advance(5 * MINUTE)
    assert on.office.mails == [], "the incident goes on as far as we know"
    await on.hear(end)
    assert on.office.kinds(ADA) == ["resolved"], "at once, and not when it would have been asked again"


async def test_what_never_ends_is_waited_for_no_longer_than_a_day(on: Stage) -> None:
    await on.hear(ended_with(on.now, resolved(on.now)))
    await on.loop.advance(24 * HOUR)
    assert await on.ledger() == [("resolved", "waiting", None)]
    await on.loop.advance(HOUR)
    assert await on.ledger() == [("resolved", "suppressed", "stale")]


async def test_an_incident_that_was_reopened_by_then_is_not_called_over(on: Stage) -> None:
    end = resolved(on.now, revision=1)
    await on.hear(opened(on.now), linked(on.now), end, reopened(on.now, revision=2), ended_with(on.now, end))
    assert on.office.mails == []
    await on.hear(replied(on.now, "answer", incident_id="i-1"))
    await on.clock.advance(MINUTE)
    await on.hear(resolved(on.now, revision=3))
    assert on.office.kinds(ADA) == ["answer", "resolved"]


# ── older versions of ticketing ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", ["reply", "end"])
async def test_the_all_clear_that_an_older_ticketing_gave_as_a_reply_is_no_second_one(on: Stage, first: str) -> None:
    await on.hear(opened(on.now), replied(on.now, "answer", incident_id="i-1"))
    await on.clock.advance(MINUTE)
    end = resolved(on.now)
    spoken = replied(on.now, "resolved", incident_id="i-1", reply_id="r-2", body="Your payment works again.")
    both: list[Fact] = [spoken, end] if first == "reply" else [end, spoken]
    for fact in (*both, ended_with(on.now, end)):
        await on.hear(fact)
    await on.loop.advance(MINUTE)
    assert on.office.kinds(ADA) == ["answer", "resolved"]
    assert on.office.to(ADA)[1]["Subject"] == SUBJECT, "in our words"


async def test_an_all_clear_of_an_older_ticketing_reaches_a_customer_who_was_never_told(on: Stage) -> None:
    await on.hear(replied(on.now, "resolved", incident_id="i-1"))
    await on.hear(opened(on.now), resolved(on.now))
    assert on.office.kinds(ADA) == ["resolved"]
