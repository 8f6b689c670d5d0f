"""Sample notifications, one for each event that customers are told of, put in the words that count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.notifier.audience import Contact, Customer, Preferences
from services.notifier.channels.outcome import Rendered
from services.notifier.deciding.periods import BECAME
from services.notifier.deciding.policy import Policy
from services.notifier.incident import Incident, IncidentStatus, News, PublicWords
from services.notifier.maintenance import Period
from services.notifier.notification import ENDS, OF_MAINTENANCE, Kind, Notification
from services.notifier.situation import Situation
from services.notifier.wording.books import Books, books_of
from services.notifier.wording.forms import Event
from services.notifier.wording.samples import LINK, MOMENT
from services.notifier.wording.writing import write
from shared.catalog import Catalog
from shared.configuration.files import file_of, load

NOW = MOMENT + timedelta(minutes=2)
ADA = Customer("c-1042", "Ada Lovelace", "Europe/Berlin")
TOGETHER = (Event.OPENED, Event.UPDATED, Event.RESOLVED)  # what the sample of a digest tells
ADDRESSES = {"email": "ada@example.org", "sms": "+4915112345678"}
NEWS = PublicWords(
    "Payments by card work again. Those by direct debit still fail.",
    "Pay by card.",
    MOMENT + timedelta(hours=2),
    MOMENT + timedelta(hours=1),
)
ANSWER = "Your order is safe: nothing was paid twice.\n\nI write again as soon as the checkout works."


@dataclass(frozen=True, slots=True)
class Voice:
    """All that words are made of: the files of the configuration that count."""

    policy: Policy
    catalog: Catalog
    books: Books

    @property
    def sender(self) -> str:
        return self.policy.from_name or "Shop"

    @property
    def locales(self) -> Sequence[str]:
        """Returns the locales that there are words in, that of notifications.yml first."""
        texts = {locale for book in (self.books.own, self.books.shipped) for locale, _ in book.texts}
        return [self.policy.texts.locale, *sorted(texts - {self.policy.texts.locale})]


def voice_of(folders: Sequence[Path]) -> Voice:
    """Reads the configuration as notifier does. Raises ConfigError with every mistake."""
    policy = load(file_of("notifications.yml", folders), Policy)
    shipped = load(folders[-1] / "notifications.yml", Policy)
    return Voice(policy, load(file_of("catalog.yml", folders), Catalog), books_of(folders, shipped.texts))


def rendered(event: Event, customer: Customer, channel: str, symptom: str, voice: Voice) -> Rendered:
    """Returns the sample of an event as this customer gets it on this channel."""
    contact = Contact(channel, ADDRESSES.get(channel, f"https://hooks.{channel}.example/services/T0/B0/x"))
    situation = situation_of(event, customer, symptom, voice.catalog)
    if event is Event.DIGEST:
        parts = [replace(situation_of(each, customer, symptom, voice.catalog), joins=True) for each in TOGETHER]
        situation = replace(situation, items=tuple(_said(each, contact, voice).words for each in parts))
    return _said(situation, contact, voice)


def _said(situation: Situation, contact: Contact, voice: Voice) -> Rendered:
    return write(situation, contact, voice.policy.texts, voice.catalog, sender=voice.sender, unsubscribe=LINK, books=voice.books)


# What is told beside what is certain of an incident.
ABOUT: Mapping[Event, tuple[Kind, Mapping[str, Any]]] = {
    Event.LIKELY: (Kind.OPENED, {"evidence": {"certainty": "likely"}}),
    Event.UPDATED: (Kind.UPDATED, {}),
    Event.DIGEST: (Kind.OPENED, {}),
    Event.ARTICLE: (Kind.GUIDANCE, {"evidence": {"article": "https://shop.example/help/import"}}),
    Event.HELP: (Kind.GUIDANCE, {}),
    Event.REPLY: (Kind.REPLY, {"ticket_id": "t-42", "ticket_number": 42, "subject": "Re: [#42] Paid twice?", "body": ANSWER}),
    Event.ENDPOINT_GONE: (Kind.NOTICE, {"evidence": {"endpoint": "gone", "host": "hooks.example.com"}}),
    Event.ENDPOINT_FAILING: (Kind.NOTICE, {"evidence": {"endpoint": "failing", "host": "hooks.example.com"}}),
}


def situation_of(event: Event, customer: Customer, symptom: str, catalog: Catalog) -> Situation:
    """Returns a sample of what is known when a customer is told of an event."""
    kind, more = _about(event)
    notification = Notification(
        id="0190f1a2-0000-7000-8000-000000000001",
        customer_id=customer.id,
        kind=kind,
        about_at=MOMENT,
        cause_id=None,
        cause_hops=0,
        **more,
    )
    if kind in OF_MAINTENANCE:
        return Situation(notification, customer, Preferences(), None, 0, NOW, period=_period(kind, catalog))
    of_incident = event not in (Event.ARTICLE, Event.HELP, Event.REPLY, Event.ENDPOINT_GONE, Event.ENDPOINT_FAILING)
    return Situation(notification, customer, Preferences(), _incident(kind, symptom, catalog) if of_incident else None, 0, NOW)


def _about(event: Event) -> tuple[Kind, Mapping[str, Any]]:
    return ABOUT.get(event) or (Kind(event.value), {"evidence": {"certainty": "confirmed", "count": 3}})


def _incident(kind: Kind, symptom: str, catalog: Catalog) -> Incident:
    component = next(iter(catalog.components), "checkout")
    status = IncidentStatus(kind.value) if kind in ENDS else IncidentStatus.OPEN
    verb = {"failing": "is failing", "slow": "is slow"}.get(symptom, "has trouble")
    incident = Incident(
        "i-1", f"{component} {verb}", component, "high", MOMENT, rule=f"{component}-{symptom}", symptom=symptom, status=status
    )
    news = News(1, NOW, "", frozenset({"words"}))
    return replace(incident, public=NEWS, news=news) if kind is Kind.UPDATED else incident


def _period(kind: Kind, catalog: Catalog) -> Period:
    component = next(iter(catalog.components), "checkout")
    starts_at = MOMENT + timedelta(days=3)
    return Period(
        id="m-1/0",
        maintenance_id="m-1",
        revision=0,
        status=next(status for status, became in BECAME.items() if kind in (became, Kind.MAINTENANCE_PLANNED)),
        title="New database",
        text="Orders that you make meanwhile are kept, and go out afterwards.",
        components=(component,),
        audience={},
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        called=0,
        news=0,
        news_at=MOMENT,
        news_by="",
        hops=0,
    )
