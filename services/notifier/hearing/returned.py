"""A mail came back: its notification failed after all, its address is marked, or its customer is told no more of its kind.

A report counts once, by its id. It is believed for what it is about (`matching.py`), not for whom it names.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from services.notifier import facts, metrics
from services.notifier.acts import remembering
from services.notifier.audience import Contact, Customer
from services.notifier.channels.email.bounces.matching import Match, Matching
from services.notifier.channels.email.bounces.report import Ignored, Kind, Report, read
from services.notifier.channels.email.mail import sender_of
from services.notifier.channels.outcome import Refusal
from services.notifier.deciding.decision import Suppressed
from services.notifier.delivery import DeliveryStatus
from services.notifier.hearing.addresses import contacts_changed
from services.notifier.notification import AFTER_ALARM, TELLING, Attempt, Notification, Reason, Status
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries, directory, ledger, returned
from shared.erasing import erased_at, hold
from shared.outbox import say
from shared.postgres import Tx

CHANNEL = "email"

# What a bounce makes of the notification that was delivered.
FAILED = {Kind.ADDRESS: Refusal.ADDRESS, Kind.REFUSED: Refusal.REFUSED, Kind.TRANSIENT: Refusal.EXPIRED}


NOT_THERE = (DeliveryStatus.WAITING, DeliveryStatus.FAILED)  # a delivery to an address where the notification is not, or not any more


@dataclass(frozen=True, slots=True)
class Taken:
    """What a report was found to say, of which notification, and whether it was new."""

    kind: Kind
    notification_id: str
    new: bool


@dataclass(frozen=True, slots=True)
class About:
    """A report, and how it was matched."""

    report: Report
    report_id: str
    matching: Matching
    match: Match


def matching_of(settings: NotifierSettings) -> Matching:
    """Returns how our mails are known again."""
    return Matching(sender_of(settings.mail_from).domain, settings.return_paths)


async def on_mail(tx: Tx, matching: Matching, raw: bytes) -> Taken | Ignored:
    """Takes a mail as it came to where bounces come to. The same octets are the same report."""
    report = read(raw)
    if isinstance(report, Ignored):
        return report
    return await on_report(tx, matching, report, hashlib.sha256(raw).hexdigest())


async def on_report(tx: Tx, matching: Matching, report: Report, report_id: str) -> Taken | Ignored:
    """Takes a report, once by its id."""
    match = matching.match(report)
    if match is None:
        return Ignored.UNMATCHED
    await hold(tx)
    found = await returned.lock(tx, match.notification_id)
    if found is None:
        return Ignored.UNMATCHED
    notification, channel, now = found
    if channel not in (None, CHANNEL) or await erased_at(tx, [notification.customer_id]):
        return Ignored.UNMATCHED
    if not await tx.fetchval(returned.queries.note_returned, report_id, notification.id, CHANNEL, report.kind, report.code):
        return Taken(report.kind, notification.id, new=False)
    attempt = Attempt(now, "failed", FAILED.get(report.kind, ""), report.code)
    if report.kind is Kind.COMPLAINT:
        await _complained(tx, notification, report_id, attempt)
    else:
        await _bounced(tx, notification, About(report, report_id, matching, match), attempt)
    return Taken(report.kind, notification.id, new=True)


def count(taken: Taken | Ignored) -> None:
    """Counts what was taken, once the transaction has committed."""
    if isinstance(taken, Ignored):
        metrics.RETURNED_IGNORED.labels(taken).inc()
    elif taken.new:
        metrics.RETURNED.labels(taken.kind).inc()


async def _complained(tx: Tx, notification: Notification, id_: str, attempt: Attempt) -> None:
    """Ends what we say first of this purpose. Answers to what the customer asks still come."""
    await say(tx, facts.complained(notification, CHANNEL, id_, attempt))
    if notification.proactive:
        await tx.fetchval(directory.queries.opt_out, notification.customer_id, notification.purpose)
        await remembering.complained(tx, notification.id)


async def _bounced(tx: Tx, notification: Notification, about: About, attempt: Attempt) -> None:
    """Fails the notification, and marks the address. What is said of an address where it is not any more is about an earlier try.

    The lock on the customer lets a correction of the address come before or after.
    """
    await say(tx, facts.bounced(notification, CHANNEL, about.report_id, about.report.kind, attempt))
    customer = (await directory.customers(tx, [notification.customer_id])).get(notification.customer_id)
    ways = await returned.ways(tx, notification.id, CHANNEL)
    address = _address(about, ways, customer)
    if address is not None and (ways.get(address) in NOT_THERE or (customer is not None and _is_marked(customer, address))):
        return
    delivered = [notification] if notification.status is Status.DELIVERED else []
    for each in (*delivered, *await returned.told_with(tx, notification.id)):
        await returned.came_back(tx, each.id, CHANNEL, address, attempt)
        await say(tx, facts.failed(each, CHANNEL, attempt))
        await owe_no_end(tx, each, attempt)
    if address is not None and about.report.kind is Kind.ADDRESS:
        await tx.execute(directory.queries.address_came_back, notification.customer_id, address, attempt.detail, notification.id)
        await contacts_changed(tx, [notification.customer_id])


def _address(about: About, ways: Collection[str], customer: Customer | None) -> str | None:
    """Returns the address that it was sent to and came back from; None when that is not known."""
    contacts = [Contact(CHANNEL, each) for each in ways] or (customer.contacts if customer else ())
    found = about.matching.contact_of(about.match, contacts, about.report.recipients)
    return found.address if found else next(iter(ways)) if len(ways) == 1 else None


def _is_marked(customer: Customer, address: str) -> bool:
    return any(each.bad and each.address == address for each in customer.contacts)


async def owe_no_end(tx: Tx, notification: Notification, attempt: Attempt) -> None:
    """Suppresses the end and the news that wait for a customer who was not told of the incident after all."""
    if notification.incident_id is None or notification.kind not in TELLING:
        return
    theirs = await ledger.of_incident_and_customers(tx, notification.incident_id, [notification.customer_id])
    if any(each.kind in TELLING and each.sent_at is not None for each in theirs):
        return
    for each in theirs:
        if each.kind in AFTER_ALARM and each.status is Status.WAITING and each.sent_at is None:
            untold = Suppressed(Reason.STALE, {"told": "came back"})
            await deliveries.suppress(tx, {each.id: untold})
            await say(tx, facts.suppressed(each, untold, attempt.at))
