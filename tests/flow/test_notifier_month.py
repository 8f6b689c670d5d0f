"""Thirty days of facts are read again from their start, by a notifier that told of them and by one that knows nothing: nobody is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from shared.events import Affected, CustomerErased, Fact, IncidentSplit, Topic
from tests.builders import acted, cleared, customer
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
    still_failing,
    withdrawn,
)

pytestmark = pytest.mark.asyncio

DAY, DAYS = timedelta(days=1), 30
EVERY = 2  # days between two episodes
CUSTOMERS = [f"c-{number}" for number in range(6)]
LEAVES = "c-5"  # asks to be forgotten in the middle of the month
READ = (Topic.CUSTOMERS, Topic.INCIDENTS, Topic.RISKS, Topic.TICKETS)


def beginning(at: datetime, number: int) -> list[Fact]:
    """Returns an incident that touches two, one of whom writes in and is answered, and advice to a third and a fourth."""
    first, second, third, fourth = (CUSTOMERS[(number + each) % len(CUSTOMERS)] for each in range(4))
    incident, ticket, about = f"i-{number}", f"t-{number}", {"ticket_id": f"t-{number}", "customer_id": first}
    return [
        opened(at, incident, rule=f"rule-{number}"),
        impact(at, first, second, incident_id=incident),
        linked(at, incident_id=incident, number=number, **about),
        replied(at, "answer", incident_id=incident, reply_id=f"a-{number}", **about),
        replied(at, "reply", reply_id=f"r-{number}", ticket_id=f"{ticket}-other", customer_id=second),
        acted("article", third, at=at, url="https://shop.example.org/how-to", risk_id=f"k-{number}"),
        acted("help", fourth, at=at, risk_id=f"h-{number}"),
    ]


def end(at: datetime, number: int) -> list[Fact]:
    """Returns how it ended, in turn in each way there is; the ticket follows, and a risk is over."""
    incident, first, third = f"i-{number}", CUSTOMERS[number % len(CUSTOMERS)], CUSTOMERS[(number + 2) % len(CUSTOMERS)]
    rule = {"rule": f"rule-{number}"}  # a rule that was wrong once asks for approval from then on
    over = resolved(at, incident, revision=9, **rule)
    ticket = ended_with(at, over, ticket_id=f"t-{number}", customer_id=first, number=number)
    match number % 5:
        case 0:
            ended: list[Fact] = [over, ticket]
        case 1:
            ended = [
                resolved(at, incident, revision=2, **rule),
                reopened(at + SECOND, incident, revision=3, **rule),
                resolved(at + MINUTE, incident, revision=4, **rule),
            ]
        case 2:
            ended = [withdrawn(at, incident, revision=2, **rule)]
        case 3:
            ended = [dismissed(at, incident, revision=2, **rule)]
        case _:
            ended = [
                split(at, incident, CUSTOMERS[(number + 1) % len(CUSTOMERS)]),
                over,
                resolved(at, f"{incident}-split", revision=2, **rule),
            ]
    return [*ended, cleared(third, at=at, risk_id=f"k-{number}")]


def split(at: datetime, incident_id: str, customer_id: str) -> IncidentSplit:
    """Returns the fact that this customer had another trouble than the others."""
    one = Affected(customer_id=customer_id, certainty="confirmed", first_seen_at=at - MINUTE, last_seen_at=at, count=1)
    said = IncidentSplit.Data(incident_id=incident_id, into_id=f"{incident_id}-split", from_ids=(incident_id,), customers=(one,))
    return IncidentSplit.of(said, subject=incident_id, at=at, unique=incident_id)


def month(begins: datetime) -> Iterator[tuple[datetime, Sequence[Fact]]]:
    """Yields what is said at each moment."""
    yield begins, [customer(each, at=begins) for each in CUSTOMERS]
    for number, day in enumerate(range(0, DAYS - 1, EVERY), start=1):
        at = begins + day * DAY + 9 * HOUR
        yield at, beginning(at, number)
        yield at + 20 * MINUTE, end(at + 20 * MINUTE, number)
        if day == DAYS // 2:
            yield at + HOUR, [CustomerErased.of(CustomerErased.Data(), subject=LEAVES, at=at + HOUR)]


async def read_again(on: Stage) -> None:
    """Has every topic read from its start, as a consumer group does whose offsets were reset."""
    await on.rows("UPDATE offsets SET next = 0")
    for consumer in on.loop.consumers:
        await consumer.assign()
    await on.loop.settle()


def said(on: Stage) -> int:
    """Returns how many facts there are to be read."""
    return sum(len(on.topics.records(topic)) for topic in READ)


async def test_a_month_that_was_told_is_told_to_nobody_again(on: Stage) -> None:
    # Given a notifier that has lived through thirty days
    for at, facts in month(on.now - (DAYS + 1) * DAY):
        await on.clock.set(at)
        await on.hear(*facts)
    await on.loop.advance(2 * HOUR)
    mails, known = len(on.office.mails), await on.everything()
    kinds = Counter(str(mail["X-Forewarn-Kind"]) for _, mail in on.office.mails)
    assert set(kinds) == {"opened", "resolved", "withdrawn", "dismissed", "answer", "reply", "guidance"}
    # When all of it is read again, twice
    for _ in range(2):
        await read_again(on)
    # Then nobody has got a mail, and nothing that is known has changed
    assert len(on.office.mails) == mails
    assert await on.everything() == known
    print(f"{said(on)} facts of {DAYS} days, {mails} mails {dict(kinds)}; read again twice: 0 mails")


async def test_a_notifier_that_knows_nothing_tells_of_a_month_only_what_is_not_too_old(on: Stage) -> None:
    # Given thirty days of facts, the latest a day old and more
    old = [fact for _, facts in month(on.now - (DAYS + 1) * DAY) for fact in facts]
    now = max(fact.time for fact in old) + DAY + HOUR
    await on.clock.set(now)
    # and of the last day a reply, trouble that is over, and trouble that goes on
    over, reply = now - 3 * HOUR, replied(now - 3 * HOUR, "reply", customer_id="c-1", reply_id="r-new", ticket_id="t-new")
    lately = [opened(over, "i-over"), impact(over, "c-2", incident_id="i-over"), resolved(over + HOUR, "i-over", revision=1), reply]
    goes_on = [opened(now - HOUR, "i-now"), impact(now - HOUR, "c-3", incident_id="i-now"), still_failing(now - MINUTE, "i-now")]
    on.topics.say(*old, *lately, *goes_on)
    # When a notifier reads all of it whose ledger is empty
    await on.loop.settle()
    await on.loop.advance(MINUTE)
    # Then nobody is told what is older than a day, and of the last day what is true now and what a person wrote
    assert sorted((to, str(mail["X-Forewarn-Kind"])) for to, mail in on.office.mails) == [
        ("c-1@example.org", "reply"),
        ("c-3@example.org", "opened"),
    ]
    await on.loop.advance(2 * DAY)
    assert len(on.office.mails) == 2
    statuses = Counter(row["status"] for row in await on.rows("SELECT status FROM notifications"))
    assert set(statuses) == {"suppressed", "delivered"}
    assert statuses["delivered"] == 2
    print(f"{said(on)} facts of {DAYS} days into an empty ledger: {statuses['suppressed']} not told, 2 mails, both of the last day")
