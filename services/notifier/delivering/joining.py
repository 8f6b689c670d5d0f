"""A message that goes out tells, beside what it is about, what else its customer is to be told now: a digest (`deciding/digest.py`).

What is joined to a message has no due row: that of the message is theirs, and brings all of it again should a worker die. Each is
decided about by itself before every try; what cannot be said any more, or not there, is told apart.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier.acts import asking
from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered
from services.notifier.channels.registry import Route
from services.notifier.deciding.decision import Send, Why
from services.notifier.deciding.digest import may_join
from services.notifier.deciding.planning import expired
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.store import deliveries, ledger
from services.notifier.store.deliveries import Found
from services.notifier.wording.news import news_said
from services.notifier.wording.sealing import Write
from shared.postgres import Tx
from shared.timers import Due

Known = Callable[[Tx, Mapping[str, Found]], Awaitable[dict[str, Found]]]


@dataclass(frozen=True, slots=True)
class Ready:
    """A notification that goes out now: where to, and why."""

    found: Found
    contact: Contact
    why: Why

    @property
    def id(self) -> str:
        return self.found.situation.notification.id


@dataclass(frozen=True)
class Joining:
    """Finds what goes out in one message. `known`: adds to what was found all else that counts."""

    policy: Policy
    write: Write
    routes: Mapping[str, Route]
    known: Known

    async def sendings(self, tx: Tx, ready: Mapping[Due, Ready]) -> dict[Due, tuple[Sending, datetime]]:
        """Returns what to send, and when that was decided."""
        first = {each.found.situation.notification.customer_id: each for each in ready.values() if self._may_lead(each)}
        others = await self._others(tx, first) if first else {}
        return {due: (self._sending(each, others.get(each.id, ())), each.found.situation.now) for due, each in ready.items()}

    def _may_lead(self, ready: Ready) -> bool:
        begun = ready.found.situation.notification.begun  # then it may have others, whatever notifications.yml says by now
        return (self.policy.digest is not None or begun) and may_join(ready.found.situation, ready.contact)

    async def _others(self, tx: Tx, first: Mapping[str, Ready]) -> dict[str, list[Ready]]:
        """Returns what each message tells beside what it is about, by its id; `first`: by customer."""
        candidates, before = await self._candidates(tx, first)
        found = await deliveries.find(tx, candidates)
        known = await self.known(tx, {id_: replace(each, situation=replace(each.situation, joins=True)) for id_, each in found.items()})
        decided = await asking.decisions(
            tx,
            {id_: each.situation for id_, each in known.items()},
            self.policy,
            told_before={id_ for id_, each in known.items() if each.earlier},
        )
        others: dict[str, list[Ready]] = {each.id: [] for each in first.values()}
        for id_, (situation, decision) in decided.items():
            of = first[situation.notification.customer_id]
            if isinstance(decision, Send) and self._goes_with(of, Found(situation), decision.contact):
                others[of.id].append(Ready(replace(known[id_], situation=situation), of.contact, decision.why))
        joined = {each.id for all_of in others.values() for each in all_of}
        await ledger.tell_apart(tx, dict.fromkeys(before - joined))
        return others

    def _goes_with(self, first: Ready, found: Found, contact: Contact) -> bool:
        over = expired(found.situation.notification, found.situation.now, self.policy, self.routes[contact.channel].patience)
        return over is None and contact.place == first.contact.place and may_join(found.situation, contact)

    async def _candidates(self, tx: Tx, first: Mapping[str, Ready]) -> tuple[list[str], set[str]]:
        """Returns what may join, and what of it was joined before. Nothing is added to what may have arrived: nobody reads it again."""
        candidates: dict[str, list[str]] = {customer: [] for customer in first}
        before: set[str] = set()
        for row in await deliveries.to_join(tx, {customer: each.id for customer, each in first.items()}):
            theirs, notification = candidates[row["customer_id"]], first[row["customer_id"]].found.situation.notification
            if row["told_with"] is not None:
                before.add(row["id"])
            elif self.policy.digest is None or notification.sent_at is not None or len(theirs) + 1 >= self.policy.digest.most:
                continue
            theirs.append(row["id"])
        return [each for theirs in candidates.values() for each in theirs], before

    def _sending(self, ready: Ready, others: Sequence[Ready]) -> Sending:
        """Returns the message: its own words, or those of all that it tells."""
        situation, contact = ready.found.situation, ready.contact
        if not others:
            message = self.write(situation, contact, ready.found.earlier)
            return Sending(situation.notification, contact, message, ready.why | news_said(situation, message))
        own, *theirs = (self._part(each) for each in (ready, *others))
        together = replace(situation, items=tuple(each.words for each in (own, *theirs)))
        message = self.write(together, contact, ready.found.earlier)
        return Sending(
            situation.notification,
            contact,
            message,
            ready.why | news_said(situation, own) | {"tells": 1 + len(others)},
            tuple(_joined(each, part, ready.id) for each, part in zip(others, theirs, strict=True)),
        )

    def _part(self, ready: Ready) -> Rendered:
        return self.write(replace(ready.found.situation, joins=True), ready.contact, ready.found.earlier)


def _joined(ready: Ready, part: Rendered, message_id: str) -> Sending:
    """Returns what is told in another's message, under whose id it goes out."""
    situation = ready.found.situation
    why = ready.why | news_said(situation, part) | {"told_with": message_id}
    return Sending(situation.notification, ready.contact, replace(part, id=message_id), why)
