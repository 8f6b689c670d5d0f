"""Nobody is told twice: whatever is replayed, however it is batched, whoever dies while a mail is on its way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import pytest

from services.notifier.delivering.beginning import LEASE
from services.notifier.hearing.customers import on_customers
from services.notifier.hearing.incidents import on_incidents
from services.notifier.hearing.tickets import on_tickets
from shared.events import TOPIC_OF, CustomerErased, Fact, Topic
from shared.postgres import Database, Tx
from shared.timers import Work
from tests.builders import customer
from tests.fakes import do_due
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, delivery_of, impact, kinds, opened, reopened, replied, resolved
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

HANDLERS = {Topic.CUSTOMERS: on_customers, Topic.INCIDENTS: on_incidents, Topic.TICKETS: on_tickets}


def the_story(on: Stage) -> list[Fact]:
    """Returns an incident with three customers, one of whom writes in; one is erased in the end."""
    at = on.now
    return [
        *(customer(each, at=at) for each in ("c-1", "c-2", "c-3", "c-4")),
        opened(at),
        impact(at, "c-1", "c-2"),
        impact(at, "c-2", "c-3", chunk=1),
        replied(at, "answer", incident_id="i-1"),
        resolved(at + MINUTE, revision=1),
        replied(at + MINUTE, "resolved", incident_id="i-1", reply_id="r-2"),
        reopened(at + 2 * MINUTE),
        impact(at + 2 * MINUTE, "c-4", chunk=2),
        resolved(at + 3 * MINUTE, revision=3),
        CustomerErased.of(CustomerErased.Data(), subject="c-3", at=at + 4 * MINUTE),
    ]


async def hand_over(on: Stage, facts: Sequence[Fact], at_once: int) -> None:
    """Hands the facts over in batches of so many, as another assignment of partitions would cut them."""
    batches = [facts[start : start + at_once] for start in range(0, len(facts), at_once)]
    for batch in batches:
        for topic, of_topic in groupby(batch, key=lambda fact: TOPIC_OF[type(fact)]):
            async with on.service.database.transaction() as tx:
                await HANDLERS[topic](tx, list(of_topic))


@pytest.mark.parametrize("at_once", [1, 3, 100])
async def test_a_replay_of_everything_changes_nothing_and_tells_nobody(on: Stage, at_once: int) -> None:
    # Given a story that was told to its end, step by step
    story = the_story(on)
    for fact in story:
        await on.hear(fact)
        await on.loop.advance(10 * SECOND)
    told, known = len(on.office.mails), await on.everything()
    assert told == 9, "c-1: opened, answer and all-clear; c-2, c-3 and c-4: opened and all-clear"
    # When all of it comes again, twice, in other batches
    for _ in range(2):
        await hand_over(on, story, at_once)
        await on.loop.settle()
    # Then nothing has changed
    assert await on.everything() == known
    assert len(on.office.mails) == told


async def test_a_replay_into_an_empty_ledger_tells_nobody_what_is_older_than_a_day(on: Stage) -> None:
    story = the_story(on)
    await on.clock.advance(24 * HOUR + 5 * MINUTE)
    await hand_over(on, story, 100)
    await on.loop.advance(HOUR)
    assert on.office.mails == []
    assert {status for each in ("c-1", "c-2", "c-3", "c-4") for _, status, _ in await on.ledger(each)} == {"suppressed"}


# ── the end comes while a mail is on its way ─────────────────────────────────────────────────


@asynccontextmanager
async def on_its_way(on: Stage) -> AsyncIterator[asyncio.Task[None]]:
    """Yields a delivery that is under way: the server has the mail to c-1 and has not answered yet."""
    on.office.at_end["c-1@example.org"] = [Do.HOLD]
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    yield delivering
    on.office.gate.set()
    await asyncio.wait([delivering])


async def test_who_is_being_told_when_it_ends_gets_the_all_clear(on: Stage) -> None:
    await on.know("c-1", "c-2")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    async with on_its_way(on):
        await on.consume(resolved(on.now))
        assert await on.ledger() == [("opened", "waiting", None)]
    await on.loop.settle()
    assert on.office.kinds("c-1@example.org") == ["opened", "resolved"]
    assert await on.ledger() == [("opened", "delivered", None), ("resolved", "delivered", None)]


async def test_who_still_waits_when_it_ends_is_not_told_and_gets_no_all_clear(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient["c-1@example.org"] = ["450 4.2.1 later"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.clock.advance(10 * SECOND)
    await on.hear(resolved(on.now))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "stale")], "at once, and not when the next try would have been"


async def test_who_may_have_been_told_when_it_ended_gets_the_all_clear(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_end["c-1@example.org"] = [Do.DROP]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(resolved(on.now))
    assert on.office.kinds("c-1@example.org") == ["opened", "resolved"]
    assert await on.ledger() == [("opened", "suppressed", "stale"), ("resolved", "delivered", None)]


async def test_who_was_told_but_not_of_the_return_gets_one_all_clear_in_the_end(on: Stage) -> None:
    """The first all-clear could not be delivered before the trouble came back."""
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    on.office.at_recipient["c-1@example.org"] = ["450 4.2.1 later"]
    await on.hear(resolved(on.now + SECOND, revision=1))
    await on.hear(reopened(on.now + 2 * SECOND))
    await on.loop.advance(MINUTE)
    assert on.office.kinds("c-1@example.org") == ["opened"], "no all-clear while it is back"
    await on.hear(resolved(on.now, revision=3))
    assert on.office.kinds("c-1@example.org") == ["opened", "resolved"]


# ── workers die ──────────────────────────────────────────────────────────────────────────────


async def test_a_worker_that_dies_after_the_mail_was_taken_leaves_one_mail_twice_with_one_message_id(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    async with on_its_way(on) as delivering:
        delivering.cancel()  # what is left of a killed process: nothing
    await on.loop.advance(LEASE + SECOND)
    first, second = on.office.to("c-1@example.org")
    assert first["Message-ID"] == second["Message-ID"]
    assert kinds(on.said()) == ["delivered"]


async def test_a_worker_that_dies_before_the_end_leaves_an_all_clear_behind(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    async with on_its_way(on) as delivering:
        delivering.cancel()
    await on.consume(resolved(on.now + SECOND))
    await on.loop.advance(LEASE + SECOND)
    assert on.office.kinds("c-1@example.org") == ["opened", "resolved"]


async def test_a_worker_that_lost_its_lease_writes_nothing(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    async with on_its_way(on):
        await on.clock.advance(LEASE + SECOND)
        await on.deliver()
        done = await on.everything()
    assert await on.everything() == done
    [row] = await on.rows("SELECT attempts FROM notifications")
    assert len(row["attempts"]) == 1
    first, second = on.office.to("c-1@example.org")
    assert first["Message-ID"] == second["Message-ID"], "what was under way may come twice, and can be told to be one"
    await on.loop.settle()
    assert kinds(on.said()) == ["delivered"]


class AwayForAMoment(Database):
    """A database of which the transactions after the first fail so often."""

    def __init__(self, real: Database, failures: int) -> None:
        self._real, self._failures, self._begun = real, failures, 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self._begun += 1
        if 1 < self._begun <= 1 + self._failures:
            raise ConnectionError("away")
        async with self._real.transaction() as tx:
            yield tx


async def test_a_database_that_is_away_for_a_moment_does_not_make_a_mail_come_twice(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    unlucky = replace(delivery_of(on.service), database=AwayForAMoment(on.service.database, 2))
    await do_due(on.service.database, "delivery", Work(unlucky.deliver, lease=LEASE))
    await on.loop.advance(2 * LEASE + timedelta(minutes=30))
    assert on.office.kinds("c-1@example.org") == ["opened"]
    assert await on.ledger() == [("opened", "delivered", None)]
