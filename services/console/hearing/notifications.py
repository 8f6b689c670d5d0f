"""`notifications.v1`: what each customer was told, in which words, or why not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.console.hearing.erased import unless_erased
from services.console.live.changes import changed, customer_key, enter
from services.console.store import impact, notifications
from services.console.store.impact import Told
from services.console.store.notifications import Notification, Use
from shared.events import (
    Fact,
    NotificationAnswered,
    NotificationBounced,
    NotificationComplained,
    NotificationDelivered,
    NotificationEngaged,
    NotificationFailed,
    NotificationReceived,
    NotificationSuppressed,
)
from shared.postgres import Tx

Settled = NotificationDelivered | NotificationFailed | NotificationSuppressed
Used = NotificationEngaged | NotificationAnswered | NotificationReceived  # what the customer did with it
Back = NotificationBounced | NotificationComplained
FACTS = (
    *(NotificationDelivered, NotificationFailed, NotificationSuppressed),
    *(NotificationEngaged, NotificationAnswered, NotificationReceived),
    *(NotificationBounced, NotificationComplained),
)

ERASED = "erased"  # the reason why nobody is told who asked to be forgotten


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps how notifications were settled, and who was told that an incident was opened. A fact that comes again changes nothing."""
    await enter(tx)
    heard = [fact for fact in facts if isinstance(fact, Settled | Used | Back) and not _names_the_forgotten(fact)]
    current = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in heard])
    said = [settled(fact) for fact in current if isinstance(fact, Settled)]
    changed_ids = await notifications.settle(tx, said)
    new = [each for each in said if each.id in changed_ids]
    await impact.tell(tx, [_told(each, each.incident_id) for each in new if each.kind == "opened" and each.incident_id])
    used = [fact for fact in current if isinstance(fact, Used)]
    await notifications.engage(tx, uses(used))
    back = await _came_back(tx, [fact for fact in current if isinstance(fact, Back)])
    await changed(tx, [*_keys(new), *_places(used), *back])


async def _came_back(tx: Tx, facts: Sequence[Back]) -> list[str]:
    """Keeps what came back of notifications, and who called one spam; returns the keys of what that changes."""
    bounces = {fact.data.notification_id: fact.data for fact in facts if isinstance(fact, NotificationBounced)}
    await notifications.bounce(tx, {id_: (data.bounced_at, data.reason, data.code) for id_, data in bounces.items()})
    spam = {fact.data.notification_id: fact.data.complained_at for fact in reversed(facts) if isinstance(fact, NotificationComplained)}
    await notifications.complain(tx, spam)
    keys = [key for fact in facts for key in _keys_of(fact.data.customer_id, fact.data.ticket_id, fact.data.incident_id)]
    return [*keys, "channels"] if keys else []


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


def uses(facts: Iterable[Used]) -> list[Use]:
    """Returns what these facts together say of each notification: the first moment of each thing, and the latest answer. Pure."""
    found: dict[str, Use] = {}
    for fact in facts:
        known = found.get(fact.data.notification_id, Use(fact.data.notification_id))
        match fact:
            case NotificationAnswered() if fact.data.question != "helped" or (known.helped_at or fact.time) > fact.time:
                continue
            case NotificationAnswered():
                said = replace(known, helped=fact.data.answer, helped_at=fact.time)
            case NotificationReceived():
                said = replace(known, received=min(known.received or fact.time, fact.time))
            case NotificationEngaged(data=data):
                said = _acted(known, data.action, fact.time)
        found[known.id] = said
    return list(found.values())


def _acted(known: Use, action: str, at: datetime) -> Use:
    match action:
        case "opened":
            return replace(known, opened=min(known.opened or at, at))
        case "clicked":
            return replace(known, clicked=min(known.clicked or at, at))
    return replace(known, unsubscribed=min(known.unsubscribed or at, at))


def _places(used: Iterable[Used]) -> Iterable[str]:
    for fact in used:
        yield customer_key(fact.data.customer_id)
        if fact.data.incident_id:
            yield f"incident:{fact.data.incident_id}"


def _told(each: Notification, incident_id: str) -> Told:
    is_told = each.status == "delivered"
    return Told(incident_id, each.customer_id, each.at if is_told else None, None if is_told else each.reason, each.id)


def _keys(said: Iterable[Notification]) -> Iterable[str]:
    for each in said:
        yield from _keys_of(each.customer_id, each.ticket_id, each.incident_id)
        if each.status == "failed":
            yield from ("channels", "health")
        if each.incident_id:
            yield "incidents"


def _keys_of(customer_id: str, ticket_id: str | None, incident_id: str | None) -> Iterable[str]:
    yield customer_key(customer_id)
    if ticket_id:
        yield f"ticket:{ticket_id}"
    if incident_id:
        yield f"incident:{incident_id}"
