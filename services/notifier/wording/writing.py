"""A notification in words: fills the texts of `notifications.yml` with what is known. Pure; how a mail looks is `channels/mail.py`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered
from services.notifier.notification import ENDS, Kind
from services.notifier.situation import Situation
from services.notifier.wording.texts import Text, Texts
from shared.catalog import Catalog
from shared.foreign import is_name


def write(
    situation: Situation,
    contact: Contact,
    texts: Texts,
    catalog: Catalog,
    *,
    sender: str,
    unsubscribe: str,
    earlier: tuple[str, ...] = (),
) -> Rendered:
    """The message for this customer at this address. `unsubscribe` is the link to stop; replies do not carry it.

    What producers wrote (components, in titles too, and names) stands in it only as far as it can be no message of theirs.
    """
    notification, customer, incident = situation.notification, situation.customer, situation.incident
    timezone = customer.timezone if customer else "UTC"
    name = customer.name if customer and is_name(customer.name) else ""
    fields = {
        "name": name or texts.nameless,
        "title": catalog.title(incident.title, incident.component) if incident else "",
        "component": catalog.told(incident.component) if incident else "",
        "severity": incident.severity if incident else "",
        "started_at": clock_face(incident.started_at, timezone) if incident else "",
        "sender": sender,
        "subject": notification.subject or "",
        "body": notification.body or "",
        "ticket": str(notification.ticket_number or ""),
        "unsubscribe": unsubscribe,
    }
    text = _text_of(situation, texts)
    body = text.body.format_map(fields).strip()
    if notification.proactive and texts.footer:
        body += "\n\n-- \n" + texts.footer.format_map(fields).strip()
    return Rendered(
        id=notification.id,
        kind=notification.kind,
        address=contact.address,
        name=name,
        subject=text.subject.format_map(fields),
        text=body + "\n",
        incident_id=notification.incident_id,
        ticket_id=notification.ticket_id,
        unsubscribe=unsubscribe if notification.proactive else None,
        earlier=earlier,
        date=notification.date(situation.now),
    )


def _text_of(situation: Situation, texts: Texts) -> Text:
    """The words of the kind: the rule's own, else the symptom's, else the general ones; a ticket has words already."""
    notification, incident = situation.notification, situation.incident
    if notification.body is not None:
        return texts.reply
    kind = notification.kind.value if notification.kind in ENDS else Kind.OPENED.value
    own = (texts.rules.get(incident.rule), texts.symptoms.get(incident.symptom)) if incident else ()
    given: list[Text | None] = [getattr(words, kind) for words in (*own, texts) if words]
    return next(text for text in given if text)


def clock_face(moment: datetime, timezone: str) -> str:
    """The moment as the customer's clock shows it, with the zone's short name; in UTC where that clock cannot show it."""
    try:
        local = moment.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):  # no such zone; or before year 1 there, or after 9999
        local = moment.astimezone(UTC)
    return f"{local:%H:%M %Z}"
