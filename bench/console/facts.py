"""The facts that the console reads: small incidents, whom they touch, what those were told, and some tickets; the same for every run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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
    TicketLinked,
    TicketOpened,
    TicketReceived,
    TicketReplied,
    TicketResolved,
    TicketState,
)

TOUCHED, WRITE = 40, 8  # customers of each incident, and how many of them write
FIRST = 10_000_000  # the first ticket's number: beyond those that `filling` has made
OF_EACH = 3 + 2 * TOUCHED + 5 * WRITE  # facts of one incident


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


def _ticket(number: int, incident: str, customer: str, now: datetime) -> Iterator[Fact]:
    ticket = f"case-{number}"
    state = TicketState(
        status="open",
        channel="form",
        subject="Cannot pay",
        component=None,
        priority="normal",
        assignee=None,
        incident_id=None,
        opened_at=now,
        due_at=now + timedelta(hours=1),
    )
    about = {"ticket_id": ticket, "number": FIRST + number, "customer_id": customer, "by": "customer", "actor": "customer"}
    words = {"channel": "form", "subject": "Cannot pay"}
    opened = TicketOpened.Data(**about, **words, component=None, priority="normal", opened_at=now, state=state)
    yield TicketOpened.of(opened, subject=ticket, at=now)
    received = TicketReceived.Data(**about, **words, message_id=f"m-{ticket}", body="The checkout hangs.", written_at=now, state=state)
    yield TicketReceived.of(received, subject=ticket, at=now)
    about |= {"by": "forewarn", "actor": "forewarn"}
    answered = now + timedelta(seconds=1)
    state = state.model_copy(
        update={
            "status": "waiting",
            "incident_id": incident,
            "responded_at": answered,
            "responded_by": "forewarn",
            "responded_automatically": True,
        }
    )
    linked = TicketLinked.Data(**about, incident_id=incident, reasons=("They are touched by it.",), state=state)
    yield TicketLinked.of(linked, subject=ticket, at=answered)
    replied = TicketReplied.Data(
        **about,
        reply_id=f"r-{number}",
        kind="answer",
        author="forewarn",
        subject="Cannot pay",
        body="We know.",
        incident_id=incident,
        replied_at=answered,
        state=state,
    )
    yield TicketReplied.of(replied, subject=ticket, at=answered)
    ended = now + timedelta(seconds=30)
    state = state.model_copy(update={"status": "resolved", "resolved_at": ended})
    over = TicketResolved.Data(**about, resolution="It is over.", incident_id=incident, tell=True, resolved_at=ended, state=state)
    yield TicketResolved.of(over, subject=ticket, at=ended)
