"""The facts that the console reads: small incidents, whom they touch, what those were told, risks and tickets; the same for every run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.simulator.play import Record
from shared.cloudevents import write_fact
from shared.events import (
    TOPIC_OF,
    Affected,
    Contact,
    CustomerUpdated,
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    NotificationDelivered,
    RiskRaised,
    TicketAssigned,
    TicketLinked,
    TicketOpened,
    TicketReceived,
    TicketReplied,
    TicketResolved,
    TicketState,
    TicketSuggested,
)
from shared.events.tickets import Suggested

TOUCHED, WRITE = 40, 8  # customers of each incident, and how many of them write
FIRST = 10_000_000  # the first ticket's number: beyond those that `filling` has made
WORDS = {"channel": "form", "subject": "Cannot pay"}  # of each ticket
OF_EACH = 4 + 2 * TOUCHED + 6 * WRITE  # facts of one incident


def facts(count: int, start: float, per_second: float, customers: int = 1_000_000) -> Iterator[tuple[float, Fact]]:
    """Yields (seconds into the run, fact), evenly over time, `start` being the first one's moment."""
    for number in range(count // OF_EACH + 1):
        for place, fact in enumerate(_incident(number, start + number * OF_EACH / per_second, customers)):
            if (n := number * OF_EACH + place) < count:
                yield n / per_second, fact


def records(count: int, start: float, per_second: float) -> Iterator[Record]:
    """Yields the same as records of their topics."""
    for offset, fact in facts(count, start, per_second):
        yield Record(offset, TOPIC_OF[type(fact)], fact.subject.encode(), write_fact(fact), int((start + offset) * 1000))


def _incident(number: int, at: float, customers: int) -> Iterator[Fact]:
    now, incident = datetime.fromtimestamp(at, UTC), f"outage-{number}"
    said = {"incident_id": incident, "rule": "rule-1", "component": f"part-{number % 50}", "severity": "high", "title": "It fails"}
    who = [f"c-{(number * TOUCHED + n) % customers}" for n in range(TOUCHED)]
    opened = IncidentOpened.Data(**said, started_at=now, opened_at=now, why={"ratio": 0.4, "open": 0.3})
    yield IncidentOpened.of(opened, subject=incident, at=now)
    touched = tuple(Affected(customer_id=each, certainty="confirmed", first_seen_at=now, last_seen_at=now, count=3) for each in who)
    yield IncidentImpact.of(IncidentImpact.Data(incident_id=incident, chunk=0, customers=touched), subject=incident, at=now)
    for each in who:
        yield _customer(each, now)
        yield _told(incident, each, now)
    yield _risk(who[0], now)
    for n, each in enumerate(who[:WRITE]):
        yield from _ticket(number * WRITE + n, incident, each, now + timedelta(seconds=5))
    ended = now + timedelta(seconds=30)
    resolved = IncidentResolved.Data(**said, revision=1, started_at=now, resolved_at=ended, affected=TOUCHED, why={"ratio": 0.0})
    yield IncidentResolved.of(resolved, subject=incident, at=ended)


def _customer(customer: str, now: datetime) -> Fact:
    contacts = (Contact(channel="email", address=f"{customer}@example.org"),)
    return CustomerUpdated.of(CustomerUpdated.Data(name="Ada", contacts=contacts), subject=customer, at=now, unique=now)


def _told(incident: str, customer: str, now: datetime) -> Fact:
    data = NotificationDelivered.Data(
        notification_id=f"{incident} {customer}",
        customer_id=customer,
        kind="opened",
        incident_id=incident,
        channel="email",
        delivered_at=now + timedelta(seconds=1),
        message_id=f"<{incident}.{customer}@example.org>",
        subject="It fails",
        body="We know that it fails, and are on it.",
    )
    return NotificationDelivered.of(data, subject=customer, at=data.delivered_at, unique=data.notification_id)


def _risk(customer: str, now: datetime) -> Fact:
    data = RiskRaised.Data(customer_id=customer, rule="failing", score=0.8, contributions={"errors": 0.8}, evidence=("Three errors.",))
    return RiskRaised.of(data, subject=customer, at=now, unique=now)


def _ticket(number: int, incident: str, customer: str, now: datetime) -> Iterator[Fact]:
    """A ticket comes in, may be about another incident, and is answered; three of four are resolved, an agent takes the fourth."""
    about = {"ticket_id": f"case-{number}", "number": FIRST + number, "customer_id": customer, "by": "customer", "actor": "customer"}
    state = TicketState(
        status="open", **WORDS, component=None, priority="normal", assignee=None, incident_id=None, opened_at=now, due_at=now
    )
    yield from _comes_in(about, state, now)
    about |= {"by": "forewarn", "actor": "forewarn"}
    answered, ended = now + timedelta(seconds=1), now + timedelta(seconds=30)
    response = {"responded_at": answered, "responded_by": "forewarn", "responded_automatically": True}
    state = state.model_copy(update={"status": "waiting", "incident_id": incident, **response})
    yield from _answered(about, state, incident, answered)
    if number % 4:
        state = state.model_copy(update={"status": "resolved", "resolved_at": ended})
        over = TicketResolved.Data(**about, resolution="It is over.", incident_id=incident, tell=True, resolved_at=ended, state=state)
        yield TicketResolved.of(over, subject=over.ticket_id, at=ended)
    else:
        state = state.model_copy(update={"status": "in_progress", "assignee": "ada"})
        taken = TicketAssigned.Data(**about, agent="ada", state=state)
        yield TicketAssigned.of(taken, subject=taken.ticket_id, at=ended)


def _comes_in(about: dict[str, Any], state: TicketState, now: datetime) -> Iterator[Fact]:
    ticket = about["ticket_id"]
    opened = TicketOpened.Data(**about, **WORDS, component=None, priority="normal", opened_at=now, state=state)
    yield TicketOpened.of(opened, subject=ticket, at=now)
    received = TicketReceived.Data(**about, **WORDS, message_id=f"m-{ticket}", body="The checkout hangs.", written_at=now, state=state)
    yield TicketReceived.of(received, subject=ticket, at=now)
    perhaps = Suggested(incident_id="outage-another", score=0.4, reasons=("They write of a checkout.",))
    suggested = TicketSuggested.Data(**about, incidents=(perhaps,), state=state)
    yield TicketSuggested.of(suggested, subject=ticket, at=now)


def _answered(about: dict[str, Any], state: TicketState, incident: str, at: datetime) -> Iterator[Fact]:
    ticket = about["ticket_id"]
    linked = TicketLinked.Data(**about, incident_id=incident, reasons=("They are touched by it.",), state=state)
    yield TicketLinked.of(linked, subject=ticket, at=at)
    said = {"kind": "answer", "author": "forewarn", "subject": WORDS["subject"], "body": "We know."}
    replied = TicketReplied.Data(**about, reply_id=f"r-{ticket}", **said, incident_id=incident, replied_at=at, state=state)
    yield TicketReplied.of(replied, subject=ticket, at=at)
