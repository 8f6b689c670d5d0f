"""`notifications.v1`: what each customer was told, in which words, or why not."""

from collections.abc import Iterable, Sequence

from services.console.hearing.erased import unless_erased
from services.console.live.changes import changed, customer_key, enter
from services.console.store import impact, notifications
from services.console.store.impact import Told
from services.console.store.notifications import Notification
from shared.events import Fact, NotificationDelivered, NotificationEngaged, NotificationFailed, NotificationSuppressed
from shared.postgres import Tx

Settled = NotificationDelivered | NotificationFailed | NotificationSuppressed
FACTS = (NotificationDelivered, NotificationFailed, NotificationSuppressed, NotificationEngaged)

ERASED = "erased"  # the reason why nobody is told who asked to be forgotten


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps how notifications were settled, and who was told that an incident was opened. A fact that comes again changes nothing."""
    await enter(tx)
    heard = [fact for fact in facts if isinstance(fact, Settled | NotificationEngaged) and not _names_the_forgotten(fact)]
    current = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in heard])
    said = [settled(fact) for fact in current if isinstance(fact, Settled)]
    changed_ids = await notifications.settle(tx, said)
    new = [each for each in said if each.id in changed_ids]
    await impact.tell(tx, [_told(each, each.incident_id) for each in new if each.kind == "opened" and each.incident_id])
    used = [fact for fact in current if isinstance(fact, NotificationEngaged) and fact.data.action == "unsubscribed"]
    await notifications.unsubscribe(tx, {fact.data.notification_id: fact.time for fact in reversed(used)})
    await changed(tx, _keys(new))


def _names_the_forgotten(fact: Fact) -> bool:
    """Says whether the fact only repeats that its customer was erased."""
    return isinstance(fact, NotificationSuppressed) and fact.data.reason == ERASED


def settled(fact: Settled) -> Notification:
    """Returns the notification as the fact says it was settled. Pure."""
    data = fact.data
    about = (data.notification_id, data.customer_id, data.kind, data.incident_id, data.ticket_id)
    match fact:
        case NotificationDelivered(data=sent):
            words = (sent.message_id, sent.subject, sent.body, sent.why, sent.answer)
            return Notification(*about, "delivered", None, sent.channel, sent.delivered_at, *words)
        case NotificationFailed(data=failed):
            return Notification(*about, "failed", failed.reason, failed.channel, failed.failed_at, answer=failed.detail)
        case NotificationSuppressed(data=suppressed):
            return Notification(*about, "suppressed", suppressed.reason, None, fact.time, why=suppressed.why)


def _told(each: Notification, incident_id: str) -> Told:
    is_told = each.status == "delivered"
    return Told(incident_id, each.customer_id, each.at if is_told else None, None if is_told else each.reason, each.id)


def _keys(said: Iterable[Notification]) -> Iterable[str]:
    for each in said:
        yield customer_key(each.customer_id)
        if each.status == "failed":
            yield "health"
        if each.ticket_id:
            yield f"ticket:{each.ticket_id}"
        if each.incident_id:
            yield "incidents"
            yield f"incident:{each.incident_id}"
