"""What came of tries is written down, up to two hundred in one transaction: settled, or tried again."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier import facts
from services.notifier.audience import contact_for
from services.notifier.channels.outcome import Failed, Outcome, Refusal
from services.notifier.channels.registry import Route
from services.notifier.deciding.planning import Again, Settled, after
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.delivering.counting import count
from services.notifier.delivering.ends import give_ends, may_be_owed
from services.notifier.delivery import status_after
from services.notifier.notification import Status
from services.notifier.store import deliveries, directory, incidents, ledger
from shared import timers
from shared.erasing import erased_at
from shared.events import Fact
from shared.outbox import say
from shared.postgres import TRANSIENT, Database, Tx
from shared.timers import Due, LeaseLost

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """One try that is over."""

    due: Due
    sending: Sending
    outcome: Outcome

    @property
    def id(self) -> str:
        return self.sending.notification.id

    @property
    def had_others(self) -> bool:
        """Says whether others may have been joined to it, of which one may be locked meanwhile, and so not have been told."""
        return bool(self.sending.others) or self.sending.notification.begun

    @property
    def all(self) -> "tuple[Tried, ...]":
        """Returns the try of each thing that the message told."""
        return (self, *(Tried(self.due, each, self.outcome) for each in self.sending.others))


@dataclass(frozen=True)
class Settling:
    """Writes down what came of tries."""

    database: Database
    policy: Policy
    routes: Mapping[str, Route]

    async def settle(self, tried: Sequence[Tried]) -> list[Exception | None]:
        """Settles as soon as the database is there: an accepted message that is forgotten would be sent again."""
        while True:
            try:
                return await self._settle(tried)
            except TRANSIENT as error:
                log.warning("the outcomes of %d tries wait for the database: %s", len(tried), error)
            await asyncio.sleep(0.5)

    async def _settle(self, tried: Sequence[Tried]) -> list[Exception | None]:
        async with self.database.transaction() as tx:
            erased = await erased_at(tx, {each.sending.notification.customer_id for each in tried})
            now = await tx.fetchval("SELECT clock()")
            await incidents.lock_incidents(tx, _incidents_of(tried))  # before the notifications, as who takes facts does
            kept = [each for each in tried if each.sending.notification.customer_id not in erased]
            steps = {each.due: [(every, await self._step(tx, every, now)) for every in each.all] for each in kept}
            again = {due: first.at for due, ((_, first), *_) in steps.items() if isinstance(first, Again)}
            # Of who was erased meanwhile nothing more is said or kept.
            ours = await timers.again(tx, again) | await timers.settle(tx, [each.due for each in tried if each.due not in again])
            written = [step for due, of in steps.items() if due in ours for step in of]
            await self._write_down(tx, written)
            await ledger.tell_apart(tx, {each.id: step.at for each, step in _parted(written, again)})
            await ledger.part_from(tx, {each.id for each in kept if each.due in ours - again.keys() and each.had_others})
        for each, step in written:
            count(each.sending.notification, step)
        return [None if each.due in ours else LeaseLost(f"{each.due.kind} {each.due.ref}") for each in tried]

    async def _step(self, tx: Tx, tried: Tried, now: datetime) -> Settled | Again:
        outcome = tried.outcome
        elsewhere = isinstance(outcome, Failed) and await self._reached_elsewhere(tx, tried.sending, outcome)
        patience = self.routes[tried.sending.contact.channel].patience
        return after(tried.sending.notification, outcome, now, self.policy, patience, elsewhere=elsewhere)

    async def _reached_elsewhere(self, tx: Tx, sending: Sending, failed: Failed) -> bool:
        """Marks an address that does not exist; says whether there is another. The lock lets a correction come before or after us."""
        customer_id, tried = sending.notification.customer_id, sending.contact
        if failed.reason is Refusal.ADDRESS:
            await tx.execute(directory.queries.bad_address, customer_id, tried.address, failed.detail)
        customer = (await directory.customers(tx, [customer_id])).get(customer_id)
        return bool(customer and contact_for(customer, self.policy.channels, sending.notification.failed_at | {tried.place}))

    async def _write_down(self, tx: Tx, steps: Sequence[tuple[Tried, Settled | Again]]) -> None:
        settled = {each.id: (each.sending, step) for each, step in steps if isinstance(step, Settled)}
        again = {each.id: step for each, step in steps if isinstance(step, Again)}
        await deliveries.end(tx, [(each.id, each.sending.contact, status_after(each.outcome)) for each, _ in steps])
        await deliveries.settle(tx, {ref: step for ref, (_, step) in settled.items()})
        await deliveries.try_again(tx, again)
        await say(tx, *(self._fact(sending, step) for sending, step in settled.values()))
        await give_ends(tx, [each.notification for each, step in settled.values() if may_be_owed(each.notification, told=step.told)])

    def _fact(self, sending: Sending, step: Settled) -> Fact:
        channel = sending.contact.channel
        if step.status is Status.DELIVERED:
            message_id = self.routes[channel].channel.message_id(sending.message.id)
            return facts.delivered(sending, channel, message_id, step.attempt)
        return facts.failed(sending.notification, channel, step.attempt)


def _incidents_of(tried: Iterable[Tried]) -> set[str]:
    """Returns the incidents whose end may be owed once these are settled."""
    notifications = [each.notification for of in tried for each in of.sending.all]
    return {
        each.incident_id for each in notifications if each.incident_id and (may_be_owed(each, told=True) or may_be_owed(each, told=False))
    }


def _parted(steps: Iterable[tuple[Tried, Settled | Again]], again: Collection[Due]) -> Iterator[tuple[Tried, Again]]:
    """Yields what is tried again although the message that told it is not: it needs one of its own."""
    for each, step in steps:
        if isinstance(step, Again) and each.due not in again:
            yield each, step
