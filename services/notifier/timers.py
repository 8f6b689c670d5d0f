"""A notification that is due is decided about, sent and settled; a crash between any two steps loses and repeats nothing.

The decision and the note that sending begins are one transaction. The note takes a slot of the cap, and it is what is
left of a try whose worker died, so that a customer who may have been told hears of the end. The lease is renewed
while a slow server is at work; whoever has lost it writes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.notifier import facts, metrics
from services.notifier.acts import permitting
from services.notifier.audience import Contact, contact_for
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.outcome import Channel, Failed, Outcome, Refusal, Rendered
from services.notifier.deciding.decision import Hold, Send, Suppressed
from services.notifier.deciding.ends import owed_ends
from services.notifier.deciding.order import decide
from services.notifier.deciding.planning import Again, Settled, after, expired
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.notification import ENDS, TELLING, Notification, Status
from services.notifier.situation import Situation
from services.notifier.store import deliveries, directory, incidents, ledger, ticket_links
from shared.erasing import erased_at, hold
from shared.events import Fact
from shared.outbox import say
from shared.postgres import TRANSIENT, Database, Tx
from shared.timers import Due

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # a crashed worker's notifications come back after it
RENEW = 10.0  # seconds

Write = Callable[[Situation, Contact, tuple[str, ...]], Rendered]


@dataclass(frozen=True)
class Delivery:
    """Brings notifications through one channel."""

    database: Database
    channel: Channel
    policy: Policy
    write: Write
    breaker: Breaker
    renew_every: float = RENEW

    async def deliver(self, due: Due) -> None:
        """Settles the row, or asks for it again (it is work for `shared/timers.py`)."""
        sending = await self._begin(due)
        if sending is None:
            return
        started = time.perf_counter()
        outcome = await self._send(due, sending.message)
        metrics.SEND_SECONDS.labels(type(outcome).__name__.lower()).observe(time.perf_counter() - started)
        self._learn(outcome, due)
        await self._settle_patiently(due, sending, outcome)

    # ── decide ───────────────────────────────────────────────────────────────────────────────

    async def _begin(self, due: Due) -> Sending | None:
        """Decides, and notes that sending begins; returns None when there is nothing to send now, or its time to live is over."""
        async with self.database.transaction() as tx:
            await hold(tx)  # nobody is erased between what is read of them and what is written down
            found = await deliveries.find(tx, due.ref, self.policy.caps.per)
            if found is None:
                await due.settle(tx)
                return None
            [situation] = await permitting.permitted(tx, [found.situation], self.policy, self.write)
            found = replace(found, situation=situation)
            decided = decide(situation, self.policy)
            await permitting.ask(tx, [(situation, decided)], self.policy)
            if await _overtaken(tx, situation, decided):
                await due.again(tx, situation.now)
                return None
            over = expired(situation.notification, situation.now, self.policy) if isinstance(decided, Send) else None
            match last := over or decided:
                case Send(contact, why):
                    return await self._begin_sending(tx, due, found, contact, why)
                case Hold():
                    await tx.execute(deliveries.queries.hold, due.ref, last.why, last.awaits_incident)
                    await due.again(tx, last.until)
                case Suppressed():
                    await self._suppress(tx, due, situation, last)
                case Settled():
                    await self._settle_for_good(tx, due, situation.notification, last)
                    await say(tx, facts.failed(situation.notification, self.channel.name, last.attempt))
        _count(situation.notification, last)
        return None

    async def _begin_sending(self, tx: Tx, due: Due, found: deliveries.Found, contact: Contact, why: dict[str, Any]) -> Sending | None:
        """Notes that sending begins; returns None while the circuit breaker is open, and puts off whatever is due."""
        if (until := self.breaker.wait_until(due.now)) is not None:
            await deliveries.put_off(tx, until)
            await due.again(tx, until)
            return None
        notification, now = found.situation.notification, found.situation.now
        await due.renew(tx, LEASE)
        await deliveries.begin_sending(tx, due.ref, self.channel.name, why, notification.date(now))
        return Sending(notification, self.write(found.situation, contact, found.earlier), why)

    async def _suppress(self, tx: Tx, due: Due, situation: Situation, suppressed: Suppressed) -> None:
        notification = situation.notification
        await tx.execute(deliveries.queries.suppress, due.ref, suppressed.reason, suppressed.why, suppressed.awaits_incident)
        await due.settle(tx)
        await say(tx, facts.suppressed(notification, suppressed, situation.now))
        if _may_be_owed_the_end(notification, told=notification.sent_at is not None):
            await _give_end(tx, notification)

    # ── send ─────────────────────────────────────────────────────────────────────────────────

    async def _send(self, due: Due, message: Rendered) -> Outcome:
        """Sends, and keeps the lease meanwhile. Raises LeaseLost when that did not work."""
        sending = asyncio.create_task(self.channel.send([message]))
        try:
            while not (await asyncio.wait({sending}, timeout=self.renew_every))[0]:
                await self._renew(due)
            [outcome] = sending.result()
            return outcome
        finally:
            sending.cancel()

    def _learn(self, outcome: Outcome, due: Due) -> None:
        """Tells the circuit breaker; an operator reads once that delivery pauses, and once that it goes on."""
        was_open = self.breaker.is_open
        self.breaker.learn(outcome, due.now)
        metrics.DELIVERY_PAUSED.set(self.breaker.is_open)
        if self.breaker.is_open and not was_open:
            log.warning("delivery pauses: the mail server refuses us: %s", outcome.detail)
        elif was_open and not self.breaker.is_open:
            log.warning("delivery goes on: the mail server takes our mail again")

    async def _renew(self, due: Due) -> None:
        try:
            async with self.database.transaction() as tx:
                await due.renew(tx, LEASE)
        except TRANSIENT as error:
            log.warning("a lease was not renewed: %s", error)

    # ── settle ───────────────────────────────────────────────────────────────────────────────

    async def _settle_patiently(self, due: Due, sending: Sending, outcome: Outcome) -> None:
        """Settles as soon as the database is there: an accepted message that is forgotten would be sent again."""
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
            if await erased_at(tx, [notification.customer_id]):  # meanwhile: nothing more is said or kept of them
                await due.settle(tx)
                return
            now = await tx.fetchval("SELECT clock()")
            elsewhere = isinstance(outcome, Failed) and await self._reached_elsewhere(tx, sending, outcome)
            step = after(notification, outcome, now, self.policy, elsewhere=elsewhere)
            if isinstance(step, Settled):
                await self._settle_for_good(tx, due, notification, step)
                await say(tx, self._settled(sending, step))
            else:
                await deliveries.try_again(tx, due.ref, step.attempt, told=step.told)
                await due.again(tx, step.at)
        _count(notification, step)

    async def _reached_elsewhere(self, tx: Tx, sending: Sending, failed: Failed) -> bool:
        """Marks an address that does not exist; says whether there is another. The lock lets a correction come before or after us."""
        customer_id, tried = sending.notification.customer_id, sending.message.address
        if failed.reason is Refusal.ADDRESS:
            await tx.execute(directory.queries.bad_address, customer_id, tried, failed.detail)
        customer = await directory.customer(tx, customer_id, lock=True)
        contact = contact_for(customer) if customer else None
        return contact is not None and contact.address != tried

    async def _settle_for_good(self, tx: Tx, due: Due, notification: Notification, settled: Settled) -> None:
        attempt = settled.attempt
        owed = _may_be_owed_the_end(notification, told=settled.told)
        if owed and notification.incident_id:
            await incidents.lock_incident(tx, notification.incident_id)  # before the notification, as who takes facts does
        await deliveries.settle(tx, due.ref, settled.status, attempt, told=settled.told)
        await due.settle(tx)
        if owed:
            await _give_end(tx, notification)

    def _settled(self, sending: Sending, step: Settled) -> Fact:
        notification, channel = sending.notification, self.channel
        if step.status is Status.DELIVERED:
            return facts.delivered(sending, channel.name, channel.message_id(notification.id), step.attempt)
        return facts.failed(notification, channel.name, step.attempt)


async def _overtaken(tx: Tx, situation: Situation, decision: Send | Hold | Suppressed) -> bool:
    """Says whether a newer fact about the incident came while it was decided on an older one. If not, the next fact finds it written."""
    incident = situation.incident
    if isinstance(decision, Send) or not decision.awaits_incident or incident is None:
        return False
    now = await incidents.lock_incident(tx, incident.id)
    return now is not None and (now.revision, now.status) != (incident.revision, incident.status)


def _may_be_owed_the_end(notification: Notification, *, told: bool) -> bool:
    """Says whether the end may be owed: to who was told of the incident, and to who was not told of an end, as it may have ended anew."""
    return notification.kind in (TELLING if told else ENDS)


async def _give_end(tx: Tx, notification: Notification) -> None:
    """Writes down the end when the incident ended while this was on its way. The lock lets it end before or after us, not between."""
    incident_id = notification.incident_id
    if incident_id is not None and (incident := await incidents.lock_incident(tx, incident_id)) and incident.over:
        theirs = await ledger.of_incident_and_customer(tx, incident_id, notification.customer_id)
        tickets = await ticket_links.tickets_of(tx, incident_id, [notification.customer_id])
        await ledger.write_down(tx, owed_ends(incident, theirs, tickets))


def _count(notification: Notification, step: Settled | Again | Hold | Suppressed) -> None:
    if isinstance(step, Again):
        metrics.RETRIES.labels(step.attempt.reason).inc()
        return
    if isinstance(step, Hold):
        metrics.HELD.labels(step.reason).inc()
        return
    if isinstance(step, Suppressed):
        metrics.NOTIFICATIONS.labels(notification.kind, Status.SUPPRESSED).inc()
        metrics.SUPPRESSED.labels(step.reason).inc()
        return
    metrics.NOTIFICATIONS.labels(notification.kind, step.status).inc()
    if step.status is Status.FAILED:
        metrics.FAILED.labels(step.attempt.reason).inc()
    elif notification.first_seen_at is not None:
        metrics.TOLD_AFTER_SECONDS.observe((step.attempt.at - notification.first_seen_at).total_seconds())
