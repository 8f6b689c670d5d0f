"""A small story for the console's tests, told by facts: four incidents, twenty customers, eight tickets, and who was told what.

`tell(database)` tells it through the console's own handlers. It begins at noon of the builders' day, or whenever it is told to:
checkout fails (open), exports are silent (open), search was slow (resolved), a false alarm (dismissed).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from services.console.hearing import customers, incidents, notifications, risks, tickets
from shared.events import (
    TOPIC_OF,
    Affected,
    Contact,
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    IncidentSuspected,
    IncidentUpdated,
    NotificationDelivered,
    NotificationFailed,
    NotificationSuppressed,
    RiskCleared,
    RiskRaised,
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketReceived,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketSlaBreached,
    TicketSlaWarning,
    TicketState,
    TicketSuggested,
    TicketUnlinked,
    Topic,
)
from shared.events.tickets import Suggested
from shared.postgres import Database, Tx
from tests.builders import NOON, customer

CHECKOUT, EXPORT, SEARCH, ALARM = "i-checkout", "i-export", "i-search", "i-alarm"
PAY = "k-pay"  # customers complain, and nobody has said yet whether it is trouble
CUSTOMERS = tuple(f"c-{number}" for number in range(1, 21))
UNTOLD = {"c-13": "capped", "c-14": "opted_out", "c-15": "no_contact", "c-16": "failed"}
TOLD = CUSTOMERS[:12]
HEARING = {
    Topic.CUSTOMERS: customers.on_customers,
    Topic.INCIDENTS: incidents.on_incidents,
    Topic.RISKS: risks.on_risks,
    Topic.NOTIFICATIONS: notifications.on_notifications,
    Topic.TICKETS: tickets.on_tickets,
}


async def hear(tx: Tx, facts: Iterable[Fact]) -> None:
    """Has the console hear facts in this order, those of one topic behind each other at once."""
    for topic, run in groupby(facts, lambda fact: TOPIC_OF[type(fact)]):
        await HEARING[topic](tx, list(run))


async def tell(database: Database, start: datetime = NOON) -> None:
    """Tells the whole story."""
    async with database.transaction() as tx:
        await hear(tx, story(start))


def story(start: datetime = NOON) -> list[Fact]:
    """Returns the facts of the story, topic by topic."""
    return [*_directory(start), *_incidents(start), *_notifications(start), *tickets_of(start), *_risks(start)]


def _directory(start: datetime) -> Iterator[Fact]:
    for number, each in enumerate(CUSTOMERS, 1):
        contacts = () if UNTOLD.get(each) == "no_contact" else (Contact(channel="email", address=f"{each}@example.org"),)
        tier = "gold" if number % 5 == 0 else "standard"
        yield customer(
            each,
            at=start - timedelta(days=30),
            name=f"Customer {number}",
            account=f"Account {number % 4}",
            tier=tier,
            contacts=contacts,
            consent={"incident": UNTOLD.get(each) != "opted_out"},
        )


# ── incidents ────────────────────────────────────────────────────────────────────────────────


def about(incident_id: str, component: str, start: datetime, **data: Any) -> dict[str, Any]:
    """Returns what every fact of an incident repeats."""
    said = {"rule": f"{component}-failing", "severity": "high", "title": f"{component} is failing", "started_at": start}
    return {"incident_id": incident_id, "component": component, **said, **data}


def opened(incident_id: str, component: str, at: datetime, **data: Any) -> IncidentOpened:
    why = {"failing": {"value": 0.31, "threshold": 0.05}, "customers": {"value": 4, "threshold": 3}}
    said = IncidentOpened.Data(**about(incident_id, component, at - timedelta(seconds=6), **data), opened_at=at, why=why)
    return IncidentOpened.of(said, subject=incident_id, at=at)


def updated(incident_id: str, component: str, start: datetime, at: datetime, revision: int, **data: Any) -> IncidentUpdated:
    given = {"affected": 16, "why": {"failing": {"value": 0.42, "threshold": 0.05}}, "failing_at": at, "revision": revision, **data}
    said = IncidentUpdated.Data(**about(incident_id, component, start), **given)
    return IncidentUpdated.of(said, subject=incident_id, at=at, unique=revision)


def impact(incident_id: str, at: datetime, whom: Sequence[str], chunk: int = 0) -> IncidentImpact:
    seen = [
        Affected(customer_id=each, certainty="confirmed", first_seen_at=at - timedelta(seconds=4), last_seen_at=at, count=3)
        for each in whom
    ]
    said = IncidentImpact.Data(incident_id=incident_id, chunk=chunk, customers=tuple(seen))
    return IncidentImpact.of(said, subject=incident_id, at=at, unique=chunk)


def suspected(id_: str, component: str, at: datetime, customers: int, **more: Any) -> IncidentSuspected:
    """Says that complaints about a component rise, or what became of that."""
    said = about(id_, component, at, title=f"customers complain of {component}") | {"status": "candidate", "found_at": at, "why": {}} | more
    return IncidentSuspected.of(IncidentSuspected.Data(**said, customers=customers), subject=id_, at=at, unique=more.get("revision", 0))


def _incidents(start: datetime) -> Iterator[Fact]:
    began = start - timedelta(seconds=6)
    yield opened(CHECKOUT, "checkout", start)
    yield impact(CHECKOUT, start, CUSTOMERS[:4])
    yield impact(CHECKOUT, start + timedelta(seconds=3), CUSTOMERS[4:16], 1)
    yield updated(CHECKOUT, "checkout", began, start + timedelta(minutes=1), 1)
    before = start - timedelta(hours=2)
    yield opened(EXPORT, "export", before, severity="medium")
    yield impact(EXPORT, before, CUSTOMERS[16:18])
    silent = {"silent_since": before + timedelta(minutes=10), "affected": 2}
    yield updated(EXPORT, "export", before - timedelta(seconds=6), before + timedelta(minutes=20), 1, **silent)
    yesterday = start - timedelta(days=1)
    yield opened(SEARCH, "search", yesterday, symptom="slow", severity="low", title="search is slow")
    yield impact(SEARCH, yesterday, CUSTOMERS[16:20])
    ended = yesterday + timedelta(hours=1)
    done = about(SEARCH, "search", yesterday, symptom="slow", severity="low", title="search is slow", revision=1)
    said = IncidentResolved.Data(**done, resolved_at=ended, affected=4, why={}, by="grace", note="An index was missing.")
    yield IncidentResolved.of(said, subject=SEARCH, at=ended)
    yield suspected(SEARCH, "search", yesterday - timedelta(minutes=9), 4)
    yield suspected(SEARCH, "search", yesterday, 4, status="open", found_at=yesterday - timedelta(minutes=9), by="grace", revision=1)
    yield suspected(PAY, "pay", start - timedelta(minutes=2), 6)
    yield suspected(PAY, "pay", start - timedelta(minutes=1), 8, found_at=start - timedelta(minutes=2), revision=1)
    earlier = start - timedelta(hours=5)
    yield opened(ALARM, "login", earlier)
    false = IncidentDismissed.Data(
        **about(ALARM, "login", earlier, revision=1),
        dismissed_at=earlier + timedelta(minutes=4),
        affected=0,
        by="grace",
        note="A load test.",
    )
    yield IncidentDismissed.of(false, subject=ALARM, at=earlier + timedelta(minutes=4))


# ── notifications ────────────────────────────────────────────────────────────────────────────


def delivered(incident_id: str, customer_id: str, at: datetime, kind: Any = "opened", **data: Any) -> NotificationDelivered:
    id_ = f"n-{incident_id}-{customer_id}-{kind}"
    words = {"subject": f"Something is wrong ({kind})", "body": f"Dear {customer_id}, we know of it.", "answer": "250 2.0.0 accepted"}
    said = NotificationDelivered.Data(
        notification_id=id_,
        customer_id=customer_id,
        kind=kind,
        incident_id=incident_id,
        channel="email",
        delivered_at=at,
        message_id=f"<{id_}@example.org>",
        why={"consent": True, "cap": {"sent": 1, "limit": 3}},
        **{**words, **data},
    )
    return NotificationDelivered.of(said, subject=customer_id, at=at, unique=id_)


def suppressed(incident_id: str, customer_id: str, at: datetime, reason: str, kind: Any = "opened") -> NotificationSuppressed:
    id_ = f"n-{incident_id}-{customer_id}-{kind}"
    said = NotificationSuppressed.Data(
        notification_id=id_, customer_id=customer_id, kind=kind, incident_id=incident_id, reason=reason, why={"sent": 3, "limit": 3}
    )
    return NotificationSuppressed.of(said, subject=customer_id, at=at, unique=id_)


def failed(incident_id: str, customer_id: str, at: datetime, reason: str = "address", kind: Any = "opened") -> NotificationFailed:
    id_ = f"n-{incident_id}-{customer_id}-{kind}"
    said = NotificationFailed.Data(
        notification_id=id_,
        customer_id=customer_id,
        kind=kind,
        incident_id=incident_id,
        channel="email",
        failed_at=at,
        reason=reason,
        detail="550 5.1.1 no such user",
    )
    return NotificationFailed.of(said, subject=customer_id, at=at, unique=id_)


def _notifications(start: datetime) -> Iterator[Fact]:
    for number, each in enumerate(TOLD):
        yield delivered(CHECKOUT, each, start + timedelta(seconds=1 + number))
    for each, reason in UNTOLD.items():
        at = start + timedelta(seconds=9)
        yield failed(CHECKOUT, each, at) if reason == "failed" else suppressed(CHECKOUT, each, at, reason)
    yesterday = start - timedelta(days=1)
    for each in CUSTOMERS[16:20]:
        yield delivered(SEARCH, each, yesterday + timedelta(seconds=2))
        yield delivered(SEARCH, each, yesterday + timedelta(hours=1, seconds=2), "resolved")


# ── tickets ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Case:
    """One ticket as it is told: each act returns its fact and leaves the ticket as it stands then."""

    number: int
    customer_id: str
    at: datetime
    state: dict[str, Any] = field(default_factory=dict)
    acts: int = 0

    def __post_init__(self) -> None:
        asked = {"status": "open", "channel": "form", "subject": f"Question {self.number}", "component": "checkout", "priority": "normal"}
        none = {"assignee": None, "incident_id": None}
        self.state = {**asked, **none, "opened_at": self.at, "due_at": self.at + timedelta(hours=4), **self.state}

    @property
    def id(self) -> str:
        return f"t-{self.number}"

    def say(self, what: Any, after: timedelta, by: str = "forewarn", actor: str = "forewarn", moved: Any = None, /, **data: Any) -> Fact:
        """Returns such a fact, so long after the one before; `moved` is what it changes of the state."""
        self.at, self.acts = self.at + after, self.acts + 1
        self.state |= moved or {}
        whose = {"ticket_id": self.id, "number": self.number, "customer_id": self.customer_id, "by": by, "actor": actor}
        said = what.Data(**whose, state=TicketState(**self.state), **data)
        fact: Fact = what.of(said, subject=self.id, at=self.at, unique=self.acts)
        return fact

    def opened(self, body: str = "The checkout hangs.") -> Iterator[Fact]:
        shown = {name: self.state[name] for name in ("channel", "subject", "component", "priority", "opened_at")}
        yield self.say(TicketOpened, timedelta(), self.customer_id, "customer", **shown)
        yield self.received(body, timedelta())

    def received(self, body: str, after: timedelta, moved: Any = None) -> Fact:
        about = {"channel": "form", "subject": self.state["subject"], "body": body, "written_at": self.at + after}
        id_ = f"m-{self.number}-{self.acts}"
        return self.say(TicketReceived, after, self.customer_id, "customer", moved, message_id=id_, **about)

    def replied(self, body: str, after: timedelta, agent: str | None = "ada") -> Fact:
        author, actor, kind = (agent, "agent", "reply") if agent else ("forewarn", "forewarn", "answer")
        first = {"responded_at": self.at + after, "responded_by": author, "responded_automatically": agent is None}
        moved = {"status": "waiting", **(first if self.state.get("responded_at") is None else {})}
        said = {"reply_id": f"m-{self.number}-{self.acts}", "kind": kind, "author": author, "subject": "Re: your question", "body": body}
        return self.say(
            TicketReplied, after, author, actor, moved, **said, incident_id=self.state["incident_id"], replied_at=self.at + after
        )

    def linked(self, incident_id: str, after: timedelta, agent: str | None = None) -> Fact:
        who = (agent, "agent") if agent else ("forewarn", "forewarn")
        return self.say(
            TicketLinked, after, *who, {"incident_id": incident_id}, incident_id=incident_id, reasons=("the incident touches the customer",)
        )

    def unlinked(self, after: timedelta, agent: str = "ada") -> Fact:
        was = self.state["incident_id"]
        return self.say(
            TicketUnlinked, after, agent, "agent", {"incident_id": None, "status": "open"}, incident_id=was, verdict="a question of billing"
        )

    def assigned(self, agent: str, after: timedelta) -> Fact:
        return self.say(TicketAssigned, after, agent, "agent", {"assignee": agent, "status": "in_progress"}, agent=agent)

    def suggested(self, after: timedelta, *incident_ids: str) -> Fact:
        found = tuple(Suggested(incident_id=each, score=0.4, reasons=("the same component",)) for each in incident_ids)
        return self.say(TicketSuggested, after, incidents=found)

    def resolved(self, after: timedelta, agent: str = "ada") -> Fact:
        moved = {"status": "resolved", "resolved_at": self.at + after}
        return self.say(TicketResolved, after, agent, "agent", moved, resolution="it works again", resolved_at=self.at + after)

    def reopened(self, after: timedelta) -> Fact:
        moved = {"status": "open", "resolved_at": None}
        return self.say(
            TicketReopened, after, self.customer_id, "customer", moved, reason="the customer wrote again", reopened_at=self.at + after
        )

    def closed(self, after: timedelta) -> Fact:
        return self.say(TicketClosed, after, "forewarn", "forewarn", {"status": "closed"}, closed_at=self.at + after)

    def warned(self, after: timedelta) -> Fact:
        promise = {"clock": "first_response", "due_at": self.state["due_at"]}
        return self.say(TicketSlaWarning, after, "forewarn", "forewarn", {"warned_at": self.at + after}, **promise)

    def breached(self, after: timedelta) -> Fact:
        promise = {"clock": "first_response", "due_at": self.state["due_at"]}
        return self.say(TicketSlaBreached, after, "forewarn", "forewarn", {"breached_at": self.at + after}, **promise)


def tickets_of(start: datetime) -> Iterator[Fact]:
    """Yields the facts of eight tickets, in all states."""
    minute = timedelta(minutes=1)
    answered = Case(1001, "c-1", start + minute)  # linked and answered automatically: it waits for the incident's end
    yield from answered.opened("I cannot pay. Anna, anna@example.org")
    yield answered.linked(CHECKOUT, timedelta(seconds=1))
    yield answered.replied("We know of it and work on it.", timedelta(), agent=None)
    held = Case(1002, "c-13", start + minute)  # not told, linked, in ada's hands
    yield from held.opened()
    yield held.linked(CHECKOUT, timedelta(seconds=1))
    yield held.assigned("ada", minute)
    early = Case(1003, "c-2", start - minute)  # wrote before being told
    yield from early.opened("Is the checkout down?")
    yield early.suggested(minute, CHECKOUT, SEARCH)
    yield early.linked(CHECKOUT, minute, agent="ada")
    other = Case(1004, "c-3", start + 2 * minute)  # was linked, and is about something else
    yield from other.opened("Where is my invoice?")
    yield other.linked(CHECKOUT, timedelta(seconds=1))
    yield other.unlinked(minute)
    waiting = Case(1005, "c-18", start - timedelta(hours=1))  # suggestions to decide; late
    yield from waiting.opened("My export is empty.")
    yield waiting.suggested(timedelta(seconds=1), EXPORT)
    yield waiting.warned(timedelta(minutes=30))
    yield waiting.breached(timedelta(minutes=20))
    done = Case(1006, "c-17", start - timedelta(hours=20))
    yield from done.opened("Search takes long.")
    yield done.linked(SEARCH, timedelta(seconds=1))
    yield done.replied("We are on it.", 5 * minute)
    yield done.resolved(timedelta(hours=1))
    again = Case(1007, "c-19", start - timedelta(hours=10))  # resolved, and opened again by the customer
    yield from again.opened("Password?")
    yield again.replied("Use the link.", 10 * minute, agent="grace")
    yield again.resolved(10 * minute, agent="grace")
    yield again.reopened(timedelta(hours=1))
    yield again.received("It does not work.", timedelta())
    final = Case(1008, "c-20", start - timedelta(days=10))
    yield from final.opened("Thank you!")
    yield final.replied("You are welcome.", 10 * minute)
    yield final.resolved(minute)
    yield final.closed(timedelta(days=7))


# ── risks ────────────────────────────────────────────────────────────────────────────────────


def raised(customer_id: str, at: datetime, rule: str = "stalled-onboarding", score: float = 0.8) -> RiskRaised:
    said = RiskRaised.Data(
        customer_id=customer_id, rule=rule, score=score, contributions={"days_idle": 0.5, "failures": 0.3}, evidence=("no step for 9 days",)
    )
    return RiskRaised.of(said, subject=customer_id, at=at, unique=f"{rule} {at.isoformat()}")


def cleared(customer_id: str, at: datetime, rule: str = "stalled-onboarding") -> RiskCleared:
    said = RiskCleared.Data(customer_id=customer_id, rule=rule, reason="the step was done")
    return RiskCleared.of(said, subject=customer_id, at=at, unique=f"{rule} {at.isoformat()}")


def _risks(start: datetime) -> Iterator[Fact]:
    yield raised("c-5", start - timedelta(days=2))
    yield raised("c-6", start - timedelta(days=3), "declining", 0.6)
    yield cleared("c-6", start - timedelta(days=1), "declining")
