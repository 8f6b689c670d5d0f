"""A notification is put in words: those of a template, or those of `notifications.yml`, filled in with what is known. Pure.

`channels/email/mail.py` makes a mail of it.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered, Words
from services.notifier.notification import ENDS, OF_MAINTENANCE, Kind, Notification
from services.notifier.situation import Situation
from services.notifier.wording import digest, forms, markup
from services.notifier.wording.books import NONE, Books, TextTemplate
from services.notifier.wording.forms import Event
from services.notifier.wording.language import LINKS, TooLong, filled
from services.notifier.wording.locales import Moment, chain, language, number, zone_of
from services.notifier.wording.news import in_their_words, maintained, news_fields, said_in_texts, with_news
from services.notifier.wording.texts import Text, Texts
from shared.catalog import Catalog
from shared.events.lines import cut, one_line
from shared.foreign import is_name

log = logging.getLogger(__name__)

SUBJECT, TEXT = 250, 110_000  # characters of the words that others are told: as many as a mail has
LEFT_OUT = "[link]"
LIKELY = "likely"  # a certainty of impact, and the words for it
EMAIL = "email"  # the channel that shows HTML
_gaps = re.compile(r"\n{3,}").sub  # where a field says nothing
SHORT = frozenset({"sms"})  # channels on which every character counts: no footer, and the short words


@dataclass(frozen=True, slots=True)
class Said:
    """The words of an event. `fields` are what the HTML around them may name."""

    subject: str
    body: str
    locale: str
    fields: Mapping[str, Any]


def write(
    situation: Situation,
    contact: Contact,
    texts: Texts,
    catalog: Catalog,
    *,
    sender: str,
    unsubscribe: str,
    earlier: tuple[str, ...] = (),
    books: Books = NONE,
    helped: str = "",
) -> Rendered:
    """Returns the notification in words for this customer at this address. `unsubscribe` is the link to stop; replies do not carry it.

    `helped`: the link of the question whether it helped; empty where that is not asked.
    """
    if situation.items:
        situation = replace(situation, incident=None)  # no one incident is what it is about: each item names its own
    notification, is_mail = situation.notification, contact.channel == EMAIL
    fields = _fields(situation, texts, catalog) | {"sender": sender, "unsubscribe": unsubscribe, "helped": helped}
    event, text = _event(situation), texts.digest if situation.items else _text_of(situation, texts)
    said = _said(situation, contact, event, text, fields, texts, books)
    subject, body = _subject(situation, said.subject, text, texts, fields), said.body
    is_whole = not situation.joins  # not an item of a digest
    footer = _footer(said, fields, texts, books) if notification.proactive and is_whole and contact.channel not in SHORT else ""
    question = _question(said, fields, texts, books) if helped else ""
    page = _html(event, said, subject, footer, books) if is_mail and is_whole else None
    return Rendered(
        id=notification.id,
        kind=notification.kind,
        address=contact.address,
        name=fields["called"],
        subject=subject,
        text="\n\n".join((body, *filter(None, (question, f"-- \n{footer}" if footer else "")))) + "\n",
        html=page,
        locale=said.locale,
        incident_id=notification.incident_id,
        ticket_id=notification.ticket_id,
        unsubscribe=unsubscribe if notification.proactive else None,
        earlier=earlier,
        words=Words(*(_without((unsubscribe, helped), words) for words in (one_line(subject, SUBJECT), cut(body, TEXT)))),
        date=notification.date(situation.now),
    )


# ── the words ────────────────────────────────────────────────────────────────────────────────


def _said(situation: Situation, contact: Contact, event: Event, text: Text, fields: Mapping[str, str], texts: Texts, books: Books) -> Said:
    """Returns the words in the best locale there are any in; those of notifications.yml where no template has them."""
    own = situation.customer.locale if situation.customer else texts.locale
    for words in books.words(event, contact.channel, chain(own, texts.locale), text):
        locale = own if language(own) == language(words.locale) else words.locale
        given = _for_templates(situation, event, texts, fields, locale)
        subject, body = _filled(words, given)
        if body is not None:
            news = fields["news"] if language(words.locale) == language(texts.locale) else in_their_words(situation)
            said = Said(subject, with_news(body, situation, news), words.locale, given)
            return _shortened(said, situation, contact, event, text, books)
    given = _for_templates(situation, event, texts, fields, texts.locale)
    body = with_news(_gaps("\n\n", text.body.format_map(fields)).strip(), situation, fields["news"])
    said = Said(text.subject.format_map(fields), body, texts.locale, given)
    return _shortened(said, situation, contact, event, text, books)


def _filled(words: TextTemplate, fields: Mapping[str, Any]) -> tuple[str, str] | tuple[str, None]:
    """Returns subject and body; no body when they would be too long, and other words must do."""
    try:
        return (filled(words.subject, fields) if words.subject else "", filled(words.body, fields).strip())
    except TooLong:
        log.warning("%s: what it says of a notification is too long; other words are used", words.path)
        return "", None


def _shortened(said: Said, situation: Situation, contact: Contact, event: Event, text: Text, books: Books) -> Said:
    """Returns the words as a channel wants them on which every character counts: its short words, else the subject. Else those of
    an item of a digest, where there are such; other words stand there as they are."""
    if contact.channel in SHORT:
        return replace(said, body=_short(said, event, (contact.channel, forms.SHORT), text, books) or said.subject)
    item = _short(said, event, (forms.ITEM,), text, books) if situation.joins else None
    return said if item is None else replace(said, body=item)


def _short(said: Said, event: Event, of: Sequence[str], text: Text, books: Books) -> str | None:
    found = books.short(event, of, said.locale, text)
    return _filled(found, said.fields)[1] if found else None


def _footer(said: Said, fields: Mapping[str, str], texts: Texts, books: Books) -> str:
    """Returns the footer in the locale of the words, else that of notifications.yml: without the link to stop no mail goes out."""
    found = books.footer(said.locale, texts.footer)
    footer = _filled(found, said.fields)[1] if found else None
    return footer if footer is not None else texts.footer.format_map(fields).strip()


def _question(said: Said, fields: Mapping[str, str], texts: Texts, books: Books) -> str:
    """Returns the question whether it helped, in the locale of the words, else that of notifications.yml."""
    found = books.helped(said.locale, texts.helped)
    question = _filled(found, said.fields)[1] if found else None
    return question if question is not None else texts.helped.format_map(fields).strip()


def _html(event: Event, said: Said, subject: str, footer: str, books: Books) -> str | None:
    """Returns the words as a page, in ASCII and short lines; None when no template makes one of them."""
    title = markup.escaped(one_line(subject, SUBJECT))
    inner = {"mail_subject": title, "paragraphs": _as_html(said.body), "footer": _as_html(footer)}
    given = {**said.fields, **{name: Markup(markup.ascii_only(text)) for name, text in inner.items()}}  # noqa: S704  escaped before
    for page in books.pages(event, said.locale):
        try:
            return markup.ascii_only(filled(page.template, given))
        except TooLong:
            log.warning("%s: what it says of a notification is too long; other HTML is used", page.path)
    return None


def _as_html(text: str) -> str:
    return markup.paragraphs(markup.printable(text))


def _without(links: tuple[str, ...], said: str) -> str:
    """Returns the words without the links: whoever has one can act for the customer. A text or a quoted mail may hold it."""
    for link in filter(None, links):
        said = said.replace(link, LEFT_OUT)
    return said


def _fields(situation: Situation, texts: Texts, catalog: Catalog) -> dict[str, str]:
    """Returns the fields that a text may name.

    Components (in titles too) and names are repeated only as far as they can be no message of their producers.
    """
    notification, customer, incident, period = situation.notification, situation.customer, situation.incident, situation.period
    timezone = customer.timezone if customer else "UTC"
    name = called(situation)
    return {
        "called": name,  # no text may say it: it may be empty
        "name": name or texts.nameless,
        "title": catalog.title(incident.title, incident.component) if incident else period.title if period else "",
        "component": catalog.told(incident.component) if incident else maintained(period, catalog) if period else "",
        "severity": incident.severity if incident else "",
        "started_at": clock_face(incident.started_at, timezone) if incident else "",
        "subject": notification.subject or "",
        "body": notification.body or "",
        "ticket": str(notification.ticket_number or ""),
        "article": (notification.evidence or {}).get("article") or "",
        "host": (notification.evidence or {}).get("host") or "",
        "count": "",
        **said_in_texts(situation, texts),
        **(digest.fields(situation.items) if situation.items else {}),
    }


def _for_templates(situation: Situation, event: Event, texts: Texts, fields: Mapping[str, str], locale: str) -> dict[str, Any]:
    """Returns the fields that a template may name: those of any text, moments and numbers in the locale, and what it may choose by."""
    incident, evidence = situation.incident, situation.notification.evidence or {}
    timezone = situation.customer.timezone if situation.customer else "UTC"
    count = evidence.get("count")
    return {
        **fields,
        "name": fields["name"] if language(locale) == language(texts.locale) else fields["called"],
        **{"subject": markup.printable(fields["subject"]), "body": markup.printable(fields["body"])},
        "host": markup.printable(fields["host"]),
        **{name: markup.link(fields[name]) for name in LINKS},
        "started_at": Moment(incident.started_at, timezone, locale) if incident else "",
        "event": event.value,
        "symptom": incident.symptom if incident else "",
        "rule": incident.rule if incident else evidence.get("rule", ""),
        **news_fields(situation, locale),
        "count": fields["count"] or (number(count, locale) if isinstance(count, int) else ""),
        "locale": locale,
        "language": language(locale),
    }


def called(situation: Situation) -> str:
    """Returns how the customer is called; nothing where what the directory has cannot be a name."""
    customer = situation.customer
    return customer.name if customer and is_name(customer.name) else ""


def _subject(situation: Situation, said: str, text: Text, texts: Texts, fields: dict[str, str]) -> str:
    """Returns what the words say; in our words on a ticket it stands behind the ticket's number."""
    if situation.notification.ticket_id is None or text is texts.reply:
        return said
    return texts.ticket_subject.format_map(fields | {"subject": said})


def _event(situation: Situation) -> Event:
    """Returns what the customer is told, by which words are found."""
    notification = situation.notification
    if situation.items:
        return Event.DIGEST
    if notification.body is not None:
        return Event.REPLY
    if notification.kind is Kind.NOTICE:
        return Event(f"endpoint_{(notification.evidence or {})['endpoint']}")
    if notification.kind is Kind.GUIDANCE:
        return Event.ARTICLE if (notification.evidence or {}).get("article") else Event.HELP
    if notification.kind in (*ENDS, *OF_MAINTENANCE, Kind.UPDATED):
        return Event(notification.kind.value)
    return Event.LIKELY if _is_likely(notification) else Event.OPENED


def _text_of(situation: Situation, texts: Texts) -> Text:
    """Returns the words of the kind: the rule's own, else the symptom's, else the general ones; a ticket has words already."""
    notification, incident = situation.notification, situation.incident
    if notification.body is not None:
        return texts.reply
    if notification.kind is Kind.NOTICE:
        said: Text = getattr(texts, _event(situation).value)
        return said
    if notification.kind is Kind.GUIDANCE and situation.permission.words is None:
        return _guidance(notification.evidence or {}, texts)
    if situation.permission.words is not None and notification.kind not in ENDS:
        return situation.permission.words
    if notification.kind in OF_MAINTENANCE:
        of_maintenance: Text = getattr(texts, notification.kind)
        return of_maintenance
    kind = (
        notification.kind.value if notification.kind in (Kind.UPDATED, *ENDS) else LIKELY if _is_likely(notification) else Kind.OPENED.value
    )
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


@lru_cache(4096)
def clock_face(moment: datetime, timezone: str) -> str:
    """Returns the moment as the customer's clock shows it, with the zone's short name; in UTC where that clock cannot show it."""
    return f"{moment.astimezone(zone_of(moment, timezone)):%H:%M %Z}"
