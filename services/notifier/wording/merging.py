"""Customers of one incident read the same words but for name and link: these are made once, and filled in for each (mail merge).

Words are made for two customers who cannot be mistaken for a part of them. Only where one becomes the other by putting the other's
name and link in do they serve for all; else each customer's are made by themselves.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered, Words
from services.notifier.situation import Situation
from services.notifier.wording import markup
from services.notifier.wording.books import NONE, Books
from services.notifier.wording.engaging import NOTHING, Engaging
from services.notifier.wording.texts import Texts
from services.notifier.wording.writing import EMAIL, called, write
from shared.catalog import Catalog

FORMS = 2000  # that are kept; then all are made anew
NOT_SAID = frozenset({"first_seen_at", "last_seen_at"})  # evidence that no words name


class Reader(NamedTuple):
    """What is a customer's own in words."""

    name: str
    link: str
    helped: str = ""  # where it is said whether it helped; empty where that is not asked


# Both can be names and links; the second is as long as any, and has what is written otherwise in HTML.
SHORT = Reader("Zq1xVw9j", "https://q.invalid/Zq1xVw8k", "https://q.invalid/Zq1xVw7h")
LONG = Reader(
    "Kw2y Örg (O’Bé) & Söhne-Nachf' Xv3abcdefghijklmnopqrstuvwxyz",
    f"https://q.invalid/{'Kw2y' * 100}?a=1&b=2",
    f"https://q.invalid/h/{'Kw3z' * 100}?a=1&b=2",
)


@dataclass(frozen=True, slots=True)
class Form:
    """Words in which SHORT stands for whoever reads them."""

    subject: str
    text: str
    html: str | None
    words: Words
    locale: str

    def filled(self, reader: Reader) -> "Form":
        """Returns the words for one reader."""
        said = Words(_put(self.words.subject, reader), _put(self.words.body, reader))
        html = None if self.html is None else _put_in_page(self.html, reader)
        return Form(_put(self.subject, reader), _put(self.text, reader), html, said, self.locale)


def _put(text: str, reader: Reader) -> str:
    return text.replace(SHORT.link, reader.link).replace(SHORT.helped, reader.helped).replace(SHORT.name, reader.name)


def _put_in_page(page: str, reader: Reader) -> str:
    """A link that stands in the text of a page is seen as `markup.linked` shows it."""
    for short, link in ((SHORT.link, reader.link), (SHORT.helped, reader.helped)):
        page = page.replace(_in_page(markup.linked(short, markup.SHOWN)), _in_page(markup.linked(link, markup.SHOWN)))
        page = page.replace(short, _in_page(markup.escaped(link)))
    return page.replace(SHORT.name, _in_page(markup.escaped(reader.name)))


def _in_page(text: str) -> str:
    return markup.ascii_only(text)


@dataclass(frozen=True)
class Writer:
    """Puts notifications in words, as `writing.write` does."""

    texts: Texts
    catalog: Catalog
    sender: str
    books: Books = NONE
    engaging: Engaging = NOTHING
    _forms: dict[Hashable, Form | None] = field(init=False, default_factory=dict)  # None: there is no one form for all

    def write(self, situation: Situation, contact: Contact, unsubscribe: str, earlier: tuple[str, ...] = ()) -> Rendered:
        """Returns the notification in words for this customer at this address. `unsubscribe`: the link to stop."""
        message = self._written(situation, contact, unsubscribe, earlier)
        page = message.html if self.engaging.changes_pages else None
        return message if page is None else replace(message, html=self.engaging.page(page, message.id))

    def _written(self, situation: Situation, contact: Contact, unsubscribe: str, earlier: tuple[str, ...]) -> Rendered:
        is_alone = not (situation.joins or situation.items)
        helped = self.engaging.question(situation.notification) if contact.channel == EMAIL and is_alone else ""
        reader = Reader(called(situation), unsubscribe, helped)
        about = _about(situation, contact, named=bool(reader.name), asked=bool(helped))
        if about is None or reader.name != reader.name.strip() or not markup.is_whole_link(reader.link):
            return self._alone(situation, contact, reader, earlier)
        if about not in self._forms:
            if len(self._forms) >= FORMS:
                self._forms.clear()
            self._forms[about] = self._form(situation, contact, reader)
        form = self._forms[about]
        if form is None:
            return self._alone(situation, contact, reader, earlier)
        return _rendered(form.filled(reader), reader, situation, contact, earlier)

    def _alone(self, situation: Situation, contact: Contact, reader: Reader, earlier: tuple[str, ...] = ()) -> Rendered:
        return write(
            situation,
            contact,
            self.texts,
            self.catalog,
            sender=self.sender,
            unsubscribe=reader.link,
            helped=reader.helped,
            earlier=earlier,
            books=self.books,
        )

    def _form(self, situation: Situation, contact: Contact, reader: Reader) -> Form | None:
        """Returns the words for all who are like this reader: who have a name, and are asked whether it helped, or not."""
        made, named = [], bool(reader.name)
        for each in (SHORT, LONG):
            who = replace(situation.customer, name=each.name if named else "") if situation.customer else None
            like = each if reader.helped else each._replace(helped="")
            alone = self._alone(replace(situation, customer=who), contact, like)
            made.append(Form(alone.subject, alone.text, alone.html, alone.words, alone.locale))
        return made[0] if made[0].filled(LONG if named else LONG._replace(name="")) == made[1] else None


def _about(situation: Situation, contact: Contact, *, named: bool, asked: bool) -> Hashable | None:
    """Returns all that decides about words but who reads them; None where the words are one customer's own, as on a ticket."""
    notification, customer = situation.notification, situation.customer
    is_own = (
        notification.ticket_id is not None or notification.body is not None or notification.subject is not None or bool(situation.items)
    )
    if customer is None or is_own:
        return None
    evidence = tuple((name, value) for name, value in (notification.evidence or {}).items() if name not in NOT_SAID)
    if not all(isinstance(value, str | int | float | None) for _, value in evidence):
        return None
    place = contact.channel, customer.timezone, customer.locale
    period = (situation.period.id, situation.period.revision, situation.period.status) if situation.period else None
    said_as = situation.permission.words, situation.joins
    return notification.kind, situation.incident, period, said_as, evidence, place, named, asked


def _rendered(form: Form, reader: Reader, situation: Situation, contact: Contact, earlier: tuple[str, ...]) -> Rendered:
    notification = situation.notification
    date: datetime = notification.date(situation.now)
    return Rendered(
        id=notification.id,
        kind=notification.kind,
        address=contact.address,
        name=reader.name,
        subject=form.subject,
        text=form.text,
        html=form.html,
        locale=form.locale,
        incident_id=notification.incident_id,
        unsubscribe=reader.link if notification.proactive else None,
        earlier=earlier,
        words=form.words,
        date=date,
    )
