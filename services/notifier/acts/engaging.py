"""A customer has used what they were told: it is noted and said, each thing once, and an answer as often as it changes."""

from enum import StrEnum
from typing import NamedTuple

from services.notifier import facts
from services.notifier.links import What
from services.notifier.store import engagements
from shared.erasing import hold
from shared.outbox import say
from shared.postgres import Tx

CHANGES = 10  # times that an answer may be changed: whoever has the link can do no more than that


class Answer(StrEnum):
    """Whether it helped."""

    YES = "yes"
    NO = "no"


async def used(tx: Tx, notification_id: str, what: What) -> bool:
    """Notes that a mail was opened, or a link in it followed; returns whether it is the first time."""
    await hold(tx)
    found = await engagements.sent(tx, notification_id)
    if found is None or not await engagements.note(tx, notification_id, what):
        return False
    await say(tx, facts.engaged(found.notification, what, found.now))
    return True


class Noted(NamedTuple):
    """The answer that counts, and whether it is new."""

    answer: Answer
    new: bool


async def answered(tx: Tx, notification_id: str, answer: Answer) -> Noted | None:
    """Notes whether it helped. The answer before counts once it was changed too often. None when nobody is asked any more."""
    await hold(tx)
    found = await engagements.sent(tx, notification_id)
    if found is None:
        return None
    changes = await tx.fetchval(engagements.queries.answer, notification_id, answer, CHANGES)
    if changes is not None:
        await _count(tx, notification_id, answer, first=changes == 0)
        await say(tx, facts.answered(found.notification, answer, changes, found.now))
    counts = Answer(await tx.fetchval(engagements.queries.answer_of, notification_id))
    return Noted(counts, changes is not None)


async def _count(tx: Tx, notification_id: str, answer: Answer, *, first: bool) -> None:
    """Counts it into the record of the rule. A changed answer takes the one before back."""
    more, other = (1, 0) if first else (1, -1)
    helped, not_helped = (more, other) if answer is Answer.YES else (other, more)
    await tx.execute(engagements.queries.count_answer, notification_id, helped, not_helped)
