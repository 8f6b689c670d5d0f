"""The texts of `notifications.yml` are filled in with what is known. Pure; `channels/email/mail.py` makes a mail of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered, Words
from services.notifier.notification import ENDS, Kind, Notification
from services.notifier.situation import Situation
from services.notifier.wording.texts import Text, Texts
from shared.catalog import Catalog
from shared.events.lines import cut, one_line
from shared.foreign import is_name

SUBJECT, TEXT = 250, 110_000  # characters of the words that others are told: as many as a mail has
LEFT_OUT = "[link]"
LIKELY = "likely"  # a certainty of impact, and the words for it


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
    """Returns the notification in words for this customer at this address. `unsubscribe` is the link to stop; replies do not carry it."""
    notification = situation.notification
    fields = _fields(situation, texts, catalog) | {"sender": sender, "unsubscribe": unsubscribe}
    text = _text_of(situation, texts)
    subject, body = _subject(situation, text, texts, fields), text.body.format_map(fields).strip()
    footer = "\n\n-- \n" + texts.footer.format_map(fields).strip() if notification.proactive and texts.footer else ""
    return Rendered(
        id=notification.id,
        kind=notification.kind,
        address=contact.address,
        name=_name(situation),
        subject=subject,
        text=body + footer + "\n",
        incident_id=notification.incident_id,
        ticket_id=notification.ticket_id,
        unsubscribe=unsubscribe if notification.proactive else None,
        earlier=earlier,
        words=Words(_without(unsubscribe, one_line(subject, SUBJECT)), _without(unsubscribe, cut(body, TEXT))),
        date=notification.date(situation.now),
    )


def _without(link: str, said: str) -> str:
    """Returns the words without the link: whoever has it can act for the customer. A text or a quoted mail may hold it."""
    return said.replace(link, LEFT_OUT)


def _fields(situation: Situation, texts: Texts, catalog: Catalog) -> dict[str, str]:
    """Returns the fields that a text may name.

    Components (in titles too) and names are repeated only as far as they can be no message of their producers.
    """
    notification, customer, incident = situation.notification, situation.customer, situation.incident
    timezone = customer.timezone if customer else "UTC"
    return {
        "name": _name(situation) or texts.nameless,
        "title": catalog.title(incident.title, incident.component) if incident else "",
        "component": catalog.told(incident.component) if incident else "",
        "severity": incident.severity if incident else "",
        "started_at": clock_face(incident.started_at, timezone) if incident else "",
        "subject": notification.subject or "",
        "body": notification.body or "",
        "ticket": str(notification.ticket_number or ""),
        "article": (notification.evidence or {}).get("article") or "",
    }


def _name(situation: Situation) -> str:
    customer = situation.customer
    return customer.name if customer and is_name(customer.name) else ""


def _subject(situation: Situation, text: Text, texts: Texts, fields: dict[str, str]) -> str:
    """Returns what the text says; in our words on a ticket it stands behind the ticket's number."""
    said = text.subject.format_map(fields)
    if situation.notification.ticket_id is None or text is texts.reply:
        return said
    return texts.ticket_subject.format_map(fields | {"subject": said})


def _text_of(situation: Situation, texts: Texts) -> Text:
    """Returns the words of the kind: the rule's own, else the symptom's, else the general ones; a ticket has words already."""
    notification, incident = situation.notification, situation.incident
    if notification.body is not None:
        return texts.reply
    if notification.kind is Kind.GUIDANCE and situation.permission.words is None:
        return _guidance(notification.evidence or {}, texts)
    if situation.permission.words is not None and notification.kind not in ENDS:
        return situation.permission.words
    kind = notification.kind.value if notification.kind in ENDS else LIKELY if _is_likely(notification) else Kind.OPENED.value
    own = (texts.rules.get(incident.rule), texts.symptoms.get(incident.symptom)) if incident else ()
    given: list[Text | None] = [getattr(words, kind) for words in (*own, texts) if words]
    return next(text for text in given if text)


def _guidance(evidence: Mapping[str, Any], texts: Texts) -> Text:
    """Returns the words for a customer at risk: the rule's own, else the general ones."""
    kind = "article" if evidence.get("article") else "help"
    own: Text | None = getattr(texts.rules.get(evidence.get("rule", "")), kind, None)
    return own or (texts.article if kind == "article" else texts.help)


def _is_likely(notification: Notification) -> bool:
    """Says whether it is only likely that the incident touches the customer: then it must not be said that it does."""
    return (notification.evidence or {}).get("certainty") == LIKELY


def clock_face(moment: datetime, timezone: str) -> str:
    """Returns the moment as the customer's clock shows it, with the zone's short name; in UTC where that clock cannot show it."""
    try:
        local = moment.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):  # no such zone; or before year 1 there, or after 9999
        local = moment.astimezone(UTC)
    return f"{local:%H:%M %Z}"
