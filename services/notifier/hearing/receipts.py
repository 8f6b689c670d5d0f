"""A provider says what became of a text it had taken: that it has arrived, or that it has not, and then it is brought elsewhere.

Receipts come in any order, repeated, and before our own note that the text was taken: each waits for that as a due row. The first
final word about a text counts.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from services.notifier import facts, metrics
from services.notifier.audience import contact_for
from services.notifier.channels.email.bounces.report import Kind
from services.notifier.channels.outcome import Refusal
from services.notifier.channels.sms.receipts import Meaning, Receipt
from services.notifier.delivery import DeliveryStatus
from services.notifier.hearing.addresses import contacts_changed
from services.notifier.hearing.returned import owe_no_end
from services.notifier.links import Links, Use, What
from services.notifier.notification import Attempt, Notification, Status
from services.notifier.store import directory, engagements, ledger, returned
from services.notifier.store.engagements import Place
from shared.erasing import erased_at, hold
from shared.outbox import say
from shared.postgres import Database, Tx
from shared.timers import Due, schedule

RECEIPT = "receipt"  # due rows of receipts
AT_ONCE = 4
CHANNEL = "sms"
TRIES = 300  # looks for the end of a try that a receipt is about: they are a day, as a delivery has at most
LONGEST = timedelta(minutes=5)  # between two of them

OPEN = (DeliveryStatus.SENDING, DeliveryStatus.UNKNOWN)
FOR_GOOD = (Refusal.ADDRESS, Refusal.OPTED_OUT)  # no later text arrives there either
KINDS = {Refusal.ADDRESS: Kind.ADDRESS, Refusal.EXPIRED: Kind.TRANSIENT}  # the others are refused


class Said(NamedTuple):
    """A receipt and which delivery it is about: the notification, and what stands for the address."""

    notification_id: str
    place: str
    refusal: str  # empty: it arrived
    code: str
    message_id: str


async def note(tx: Tx, use: Use, receipt: Receipt) -> None:
    """Has a receipt taken at once. The same once more is one row."""
    said = Said(use.notification_id, use.more, receipt.refusal or "", receipt.code, receipt.message_id)
    await schedule(tx, RECEIPT, {json.dumps(said): await tx.fetchval("SELECT clock()")})


@dataclass(frozen=True)
class Receipts:
    """Takes receipts. `channels`: those that notifications.yml names, in its order."""

    database: Database
    links: Links
    channels: Sequence[str]

    async def take(self, due: Due) -> None:
        """Takes one (it is work for `shared/timers.py`)."""
        said = Said(*json.loads(due.ref))
        async with self.database.transaction() as tx:
            meaning = await self._taken(tx, said)
            if meaning is None and due.attempts < TRIES:
                await due.again(tx, due.now + min(timedelta(seconds=2.0 ** min(due.attempts, 10)), LONGEST))
                return
            await due.settle(tx)
        metrics.RECEIPTS.labels(meaning or Meaning.STALE).inc()

    async def _taken(self, tx: Tx, said: Said) -> Meaning | None:
        """Returns what the receipt meant; None while the try that it is about goes on."""
        await hold(tx)
        found = await returned.lock(tx, said.notification_id)
        if found is None or await erased_at(tx, [found[0].customer_id]):
            return Meaning.UNMATCHED
        notification, channel, now = found
        ways = await engagements.ways(tx, notification.id)
        about = Use(What.RECEIPT, said.notification_id, said.place)
        place = next((each for each in ways if each[0] == CHANNEL and self.links.went_to(about, *each)), None)
        if place is None:
            return Meaning.UNMATCHED
        if ways[place] in OPEN:
            return None
        is_there = notification.status is Status.DELIVERED and channel == CHANNEL and ways[place] is DeliveryStatus.DELIVERED
        has_arrived = await tx.fetchval(engagements.queries.has_arrived, notification.id)
        if not is_there or has_arrived or _is_of_another_try(said, notification):
            return Meaning.STALE
        if said.refusal:
            failed = {each for each, status in ways.items() if status is DeliveryStatus.FAILED} | {place}
            await self._failed(tx, notification, said, place, failed, now)
            return Meaning.FAILED
        await engagements.note(tx, notification.id, "received")
        await say(tx, facts.received(notification, CHANNEL, now))
        return Meaning.RECEIVED

    async def _failed(self, tx: Tx, notification: Notification, said: Said, place: Place, failed: set[Place], now: datetime) -> None:
        """Fails the notification, marks a number where none arrives, and has it brought elsewhere when there is an elsewhere."""
        refusal = Refusal(said.refusal)
        attempt, kind = Attempt(now, "failed", refusal, said.code), KINDS.get(refusal, Kind.REFUSED)
        id_ = hashlib.sha256(repr(said).encode()).hexdigest()
        await tx.fetchval(returned.queries.note_returned, id_, notification.id, CHANNEL, kind, said.code)
        await say(tx, facts.bounced(notification, CHANNEL, id_, kind, attempt))
        await returned.came_back(tx, notification.id, CHANNEL, place[1], attempt)
        await say(tx, facts.failed(notification, CHANNEL, attempt))
        await owe_no_end(tx, notification, attempt)
        customer = (await directory.customers(tx, [notification.customer_id])).get(notification.customer_id)
        if customer is not None and contact_for(customer, self.channels, failed) is not None:
            await ledger.try_elsewhere(tx, notification.id)
        if refusal in FOR_GOOD:
            await tx.execute(directory.queries.bad_address, notification.customer_id, place[1], said.code)
            await contacts_changed(tx, [notification.customer_id])


def _is_of_another_try(said: Said, notification: Notification) -> bool:
    """Says whether the provider names another text than the one that was taken last: an earlier try was handed over, too."""
    taken = next((each.detail.split()[-1:] for each in reversed(notification.attempts) if each.outcome == "delivered"), [])
    return bool(said.message_id and taken and taken[0].startswith(said.message_id[:2]) and taken[0] != said.message_id)
