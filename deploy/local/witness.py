"""Records what is seen of a story from the outside: what the product said, what the services told each other, and the mails that came."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deploy.local.mailbox import Mail
from deploy.simulator.faults import Outage
from deploy.simulator.product import Message, address
from deploy.simulator.story import Story
from shared.events import (
    Affected,
    Fact,
    Incident,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    TicketLinked,
    TicketOpened,
    TicketResolved,
)


class Moment(NamedTuple):
    """Is one line of the story as it is told to people."""

    offset: float  # when it was seen, in seconds into the story
    who: str
    what: str


@dataclass
class Case:
    """Is one ticket, as far as it was seen."""

    number: int
    customer_id: str
    linked_to: str | None = None
    resolved: bool = False


@dataclass
class Witness:
    """Holds everything seen so far of a story that started at `start` (seconds since the epoch). All moments in it are such seconds."""

    story: Story
    start: float
    moments: list[Moment] = field(default_factory=list)
    first_failure: dict[str, float] = field(default_factory=dict)  # by customer, of the outage's victims
    first_contact: dict[str, float] = field(default_factory=dict)  # by customer, of the victims who wrote in
    questions: int = 0  # about something else
    requests: int = 0
    failures: int = 0
    opened: IncidentOpened.Data | None = None
    resolved_at: float | None = None
    affected: dict[str, Affected] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    mails: dict[str, dict[str, list[Mail]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))  # by kind and customer
    latest: Mail | None = None

    def __post_init__(self) -> None:
        product = self.story.product
        self.victims = frozenset(product.customer_id(number) for number in self.story.victims)
        self._everyone = frozenset(product.customer_id(number) for number in product.everyone)
        self._customers = {address(customer_id): customer_id for customer_id in self._everyone}
        self._mails_seen = 0

    @property
    def outage(self) -> Outage:
        """Returns the one outage of the story; a story with several cannot be judged."""
        (outage,) = self.story.outages
        return outage

    def told(self, customer_id: str) -> bool:
        """Returns True when this customer was told about the incident by now."""
        return customer_id in self.mails["opened"]

    def note(self, at: float, who: str, what: str) -> None:
        self.moments.append(Moment(at - self.start, who, what))

    def saw_message(self, message: Message) -> None:
        """Takes a message that the product sends now."""
        match message.type:
            case "com.example.request":
                self.requests += 1
                if not message.data["ok"]:
                    self._saw_failure(message)
            case "forewarn.support.requested.v1":
                self._saw_contact(self.start + message.offset, message.subject or "", message.data["subject"])

    def _saw_failure(self, message: Message) -> None:
        self.failures += 1
        customer_id, in_outage = message.subject or "", message.offset >= self.outage.start
        if in_outage and customer_id in self.victims and message.data["component"] == self.outage.component:
            self.first_failure.setdefault(customer_id, self.start + message.offset)

    def _saw_contact(self, at: float, customer_id: str, subject: str) -> None:
        if customer_id not in self.victims:
            self.questions += 1
            self.note(at, "customer", f'{customer_id} asks about something else: "{subject}"')
            return
        self.first_contact.setdefault(customer_id, at)
        why = "was told, and writes in all the same" if self.told(customer_id) else "was not told yet, and writes in"
        self.note(at, "customer", f'{customer_id} {why}: "{subject}"')

    def saw_mails(self, mails: Sequence[Mail], now: float) -> None:
        """Takes all mails that came since the mailbox exists."""
        for mail in mails[self._mails_seen :]:
            if (customer_id := self._customers.get(mail.to)) is not None and mail.kind:
                first = customer_id not in self.mails[mail.kind]
                self.mails[mail.kind][customer_id].append(mail)
                self.latest = mail
                if first:
                    self._note_mail(mail, customer_id, now)
        self._mails_seen = len(mails)

    def saw_fact(self, fact: Fact, now: float) -> None:
        """Takes a fact that a service publishes."""
        match fact:
            case IncidentOpened(data=data) if self.opened is None and self._ours(data) and data.opened_at.timestamp() >= self.start:
                self.opened = data
                self.note(now, "monitor", f'opens an incident: "{data.title}"')
            case IncidentImpact(data=impact) if self._is_it(impact.incident_id):
                self.affected |= {customer.customer_id: customer for customer in impact.customers}
            case IncidentResolved(data=data) if self._is_it(data.incident_id) and self.resolved_at is None:
                self.resolved_at = data.resolved_at.timestamp()
                self.note(now, "monitor", f"the incident is resolved, after {self.resolved_at - self._opened_at:.0f} s")
            case _:
                self._saw_ticket(fact, now)

    def _saw_ticket(self, fact: Fact, now: float) -> None:
        match fact:
            case TicketOpened(data=data) if data.customer_id in self._everyone and data.risk is None:  # else nobody has written
                self.cases[data.ticket_id] = Case(data.number, data.customer_id)
                if data.customer_id not in self.victims:
                    self.note(now, "ticketing", f"ticket {data.number} of {data.customer_id}: for a person to answer")
            case TicketLinked(data=data) if case := self.cases.get(data.ticket_id):
                case.linked_to = data.incident_id
                self.note(
                    now, "ticketing", f"ticket {case.number} of {case.customer_id} is about the incident: {', '.join(data.reasons[:1])}"
                )
            case TicketResolved(data=data) if case := self.cases.get(data.ticket_id):
                case.resolved = True

    def about_it(self) -> dict[str, Case]:
        """Returns the tickets of the outage's victims; they have no other troubles."""
        return {ticket_id: case for ticket_id, case in self.cases.items() if case.customer_id in self.victims}

    def answered(self, ticket_id: str) -> bool:
        """Returns True when a mail with the incident's status came for this ticket."""
        return any(mail.ticket_id == ticket_id for mails in self.mails["answer"].values() for mail in mails)

    def over(self) -> bool:
        """Returns True when everything that must happen was seen: the incident resolved, all victims given the all-clear, each ticket done.

        A ticket is done when it is linked, answered and resolved.
        """
        cases = self.about_it()
        return (
            self.resolved_at is not None
            and len(self.mails["resolved"]) >= len(self.affected) > 0
            and len(cases) >= len(self.first_contact)
            and all(case.linked_to and case.resolved and self.answered(ticket_id) for ticket_id, case in cases.items())
        )

    @property
    def _opened_at(self) -> float:
        return self.opened.opened_at.timestamp() if self.opened else self.start

    def _ours(self, incident: Incident) -> bool:
        return incident.component == self.outage.component

    def _is_it(self, incident_id: str) -> bool:
        return self.opened is not None and self.opened.incident_id == incident_id

    def _note_mail(self, mail: Mail, customer_id: str, now: float) -> None:
        count, of = len(self.mails[mail.kind or ""]), len(self.victims)
        match mail.kind:
            case "opened" | "resolved" as kind if count in {1, of // 2, of}:
                said = "told" if kind == "opened" else "given the all-clear"
                self.note(now, "notifier", f"{customer_id} is {said} ({count} of {of})")
            case "answer":
                self.note(now, "notifier", f'{customer_id} is answered: "{mail.subject}"')
