"""Time passed: a notification is due. Decided again, then sent, then settled; each step survives a crash after any other.

The decision and the note that sending begins are one transaction: it takes a slot of the cap, and it is what is
left of a try whose worker died, so that a customer who may have been told hears of the end. The lease is renewed
while a slow server is at work; whoever has lost it writes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from services.notifier import facts, metrics, store
from services.notifier.audience import Contact
from services.notifier.channels.outcome import Channel, Message, Outcome, Refusal
from services.notifier.ends import owed_ends
from services.notifier.notification import ENDS, TELLING, Notification, Status
from services.notifier.planning import Again, Settled, after
from services.notifier.policy import Policy
from services.notifier.suppression import Hold, Send, Situation, Suppressed, decide
from shared.outbox import say
from shared.postgres import TRANSIENT, Database, Tx
from shared.timers import Due

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # a crashed worker's notifications come back after it
RENEW = 10.0  # seconds

Write = Callable[[Situation, Contact, tuple[str, ...]], Message]


@dataclass(frozen=True)
class Sending:
    """A decision to send, written down; not sent yet."""

    notification: Notification
    message: Message


@dataclass(frozen=True)
class Delivery:
    """Brings notifications through one channel."""

    database: Database
    channel: Channel
    policy: Policy
    write: Write
    renew_every: float = RENEW

    async def deliver(self, due: Due) -> None:
        """Work for `shared/timers.py`: settles the row, or asks for it again."""
        sending = await self._begin(due)
        if sending is None:
            return
        started = time.perf_counter()
        outcome = await self._send(due, sending.message)
        metrics.SEND_SECONDS.labels(type(outcome).__name__.lower()).observe(time.perf_counter() - started)
        await self._settle_patiently(due, sending, outcome)

    # ── decide ───────────────────────────────────────────────────────────────────────────────

    async def _begin(self, due: Due) -> Sending | None:
        """Decides, and notes that sending begins; None when there is nothing to send now."""
        async with self.database.transaction() as tx:
            found = await store.find(tx, due.ref, self.policy.caps.per)
            if found is None:
                await due.settle(tx)
                return None
            situation = found.situation
            decision = decide(situation, self.policy)
            if await _overtaken(tx, situation, decision):
                await due.again(tx, situation.now)
                return None
            match decision:
                case Send(contact, why):
                    await due.renew(tx, LEASE)
                    await store.begin_sending(tx, due.ref, self.channel.name, why)
                    return Sending(situation.notification, self.write(situation, contact, found.earlier))
                case Hold(until, why, awaits_incident):
                    await tx.execute(store.queries.hold, due.ref, why, awaits_incident)
                    await due.again(tx, until)
                    return None
                case Suppressed() as suppressed:
                    await self._suppress(tx, due, situation, suppressed)
        metrics.NOTIFICATIONS.labels(situation.notification.kind, Status.SUPPRESSED).inc()
        metrics.SUPPRESSED.labels(suppressed.reason).inc()
        return None

    async def _suppress(self, tx: Tx, due: Due, situation: Situation, suppressed: Suppressed) -> None:
        notification = situation.notification
        await tx.execute(store.queries.suppress, due.ref, suppressed.reason, suppressed.why, suppressed.awaits_incident)
        await due.settle(tx)
        await say(tx, facts.suppressed(notification, suppressed, situation.now))
        if _may_be_owed_the_end(notification, told=notification.sent_at is not None):
            await _give_end(tx, notification)

    # ── send ─────────────────────────────────────────────────────────────────────────────────

    async def _send(self, due: Due, message: Message) -> Outcome:
        """Sends, and keeps the lease meanwhile. Raises LeaseLost when that did not work."""
        sending = asyncio.create_task(self.channel.send(message))
        try:
            while not (await asyncio.wait({sending}, timeout=self.renew_every))[0]:
                await self._renew(due)
            return sending.result()
        finally:
            sending.cancel()

    async def _renew(self, due: Due) -> None:
        try:
            async with self.database.transaction() as tx:
                await due.renew(tx, LEASE)
        except TRANSIENT as error:
            log.warning("a lease was not renewed: %s", error)

    # ── settle ───────────────────────────────────────────────────────────────────────────────

    async def _settle_patiently(self, due: Due, sending: Sending, outcome: Outcome) -> None:
        """A database that is away for a moment must not make us forget that a message was accepted: it would come again."""
        while True:
            try:
                await self._settle(due, sending, outcome)
                return
            except TRANSIENT as error:
                log.warning("the outcome of a try waits for the database: %s", error)
            await asyncio.sleep(0.5)

    async def _settle(self, due: Due, sending: Sending, outcome: Outcome) -> None:
        notification = sending.notification
        async with self.database.transaction() as tx:
            now = await tx.fetchval("SELECT clock()")
            step = after(notification, outcome, now, self.policy)
            if isinstance(step, Settled):
                await self._settle_for_good(tx, due, sending, step)
            else:
                await store.try_again(tx, due.ref, step.attempt, told=step.told)
                await due.again(tx, step.at)
        _count(notification, step)

    async def _settle_for_good(self, tx: Tx, due: Due, sending: Sending, settled: Settled) -> None:
        notification, attempt = sending.notification, settled.attempt
        owed = _may_be_owed_the_end(notification, told=settled.told)
        if owed and notification.incident_id:
            await store.lock_incident(tx, notification.incident_id)  # before the notification, as who takes facts does
        await store.settle(tx, due.ref, settled.status, attempt, told=settled.told)
        await due.settle(tx)
        if settled.status is Status.DELIVERED:
            await say(tx, facts.delivered(notification, self.channel.name, self.channel.message_id(notification.id), attempt.at))
        else:
            await say(tx, facts.failed(notification, self.channel.name, attempt))
        if attempt.reason == Refusal.ADDRESS:
            await tx.execute(store.queries.bad_address, notification.customer_id, sending.message.address, attempt.detail)
        if owed:
            await _give_end(tx, notification)


async def _overtaken(tx: Tx, situation: Situation, decision: Send | Hold | Suppressed) -> bool:
    """Whether a decision that hangs on the incident was made on what is known no more; if not, the next fact finds it written."""
    incident = situation.incident
    if isinstance(decision, Send) or not decision.awaits_incident or incident is None:
        return False
    now = await store.lock_incident(tx, incident.id)
    return now is not None and (now.revision, now.status) != (incident.revision, incident.status)


def _may_be_owed_the_end(notification: Notification, *, told: bool) -> bool:
    """Who was told of an incident; who was not told of its end, since it may have ended anew in another way."""
    return notification.kind in (TELLING if told else ENDS)


async def _give_end(tx: Tx, notification: Notification) -> None:
    """When the incident ended while this was on its way. The lock makes the end come before or after us, not between."""
    incident_id = notification.incident_id
    if incident_id is not None and (incident := await store.lock_incident(tx, incident_id)) and incident.over:
        theirs = await store.of_incident_and_customer(tx, incident_id, notification.customer_id)
        await store.write_down(tx, owed_ends(incident, theirs))


def _count(notification: Notification, step: Settled | Again) -> None:
    if isinstance(step, Again):
        metrics.RETRIES.labels(step.attempt.reason).inc()
        return
    metrics.NOTIFICATIONS.labels(notification.kind, step.status).inc()
    if step.status is Status.FAILED:
        metrics.FAILED.labels(step.attempt.reason).inc()
    elif notification.first_seen_at is not None:
        metrics.TOLD_AFTER_SECONDS.observe((step.attempt.at - notification.first_seen_at).total_seconds())
