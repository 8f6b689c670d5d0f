"""What each act makes of a ticket: its next state, what is said to whom, and how it is remembered. Pure: values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.ticketing import facts, sla
from services.ticketing.facts import Cause, Kind, Message
from services.ticketing.incident import End, Incident
from services.ticketing.matching.match import Match
from services.ticketing.sla import Clock
from services.ticketing.subject import reply_to
from services.ticketing.ticket import FOREWARN, Act, Priority, Refused, Status, Ticket, move
from shared.events import Fact, identity

CUSTOMER = "customer"

Letter = tuple[str, str]  # subject and body


class What(StrEnum):
    """What happened to a ticket, in its history and in the metrics."""

    OPENED = "opened"
    WROTE = "wrote"  # the customer, again
    LINKED = "linked"
    ANSWERED = "answered"  # linked, and told the incident's status
    SUGGESTED = "suggested"  # an incident, to an agent
    UNLINKED = "unlinked"
    ASSIGNED = "assigned"
    REPLIED = "replied"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    WARNED = "warned"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Request:
    """What a customer wrote, however it came."""

    message_id: str  # the same request again has the same
    ticket_id: str  # of the ticket it becomes, unless it continues one
    customer_id: str
    channel: str
    subject: str
    body: str
    component: str | None
    priority: Priority
    in_reply_to: str | None  # a ticket's id or number
    written_at: datetime
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Person:
    """An agent at work. `act_id` tells two acts of the same kind apart."""

    name: str
    act_id: str


@dataclass(frozen=True, slots=True)
class Link:
    """That a ticket is about an incident, or was thought to be."""

    ticket_id: str
    incident_id: str
    reasons: tuple[str, ...]
    linked_at: datetime
    answered_at: datetime | None
    unlinked_at: datetime | None = None
    unlinked_by: str | None = None
    verdict: str | None = None
    ended_revision: int = -1  # of the incident's last end that the ticket needs to hear nothing of any more


@dataclass(frozen=True, slots=True)
class Suggestion:
    """That a ticket may be about an incident: an agent decides."""

    ticket_id: str
    incident_id: str
    score: float
    reasons: tuple[str, ...]
    suggested_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One act and all that follows from it."""

    ticket: Ticket  # as it is then
    at: datetime
    who: str
    what: What
    detail: dict[str, Any]
    facts: tuple[Fact, ...] = ()
    message: Message | None = None
    link: Link | None = None
    suggestions: tuple[Suggestion, ...] = ()
    clock_starts: bool = False


def unless_refused(change: Change | Refused) -> Change:
    """The change, where a refusal can only be a mistake of ours."""
    if isinstance(change, Refused):
        raise TypeError(str(change))
    return change


# ── the customer ─────────────────────────────────────────────────────────────────────────────


def opened(request: Request, number: int, clock: Clock, now: datetime) -> Change:
    """A request becomes a ticket. A clock that is over already says so here, once, and rings no more."""
    opened_at = min(request.written_at, now)
    ticket = Ticket(
        id=request.ticket_id,
        number=number,
        customer_id=request.customer_id,
        channel=request.channel,
        subject=request.subject,
        component=request.component,
        priority=request.priority,
        status=Status.OPEN,
        assignee=None,
        incident_id=None,
        opened_at=opened_at,
        resolved_at=None,
        first_response=clock,
    )
    said: list[Fact] = [facts.opened(ticket, request.cause)]
    if clock.breached_at:
        said.append(facts.breached(ticket, now, request.cause))
    message = _words(request, ticket, opened_at)
    return Change(ticket, now, CUSTOMER, What.OPENED, {"channel": ticket.channel}, tuple(said), message, clock_starts=True)


def wrote(ticket: Ticket, request: Request, now: datetime) -> Change | Refused:
    """The customer writes again on a ticket they have; one that was resolved is open again."""
    to = move(ticket.status, Act.WRITE)
    if isinstance(to, Refused):
        return to
    at = min(request.written_at, now)
    after = replace(ticket, status=to, resolved_at=None)
    said: tuple[Fact, ...] = ()
    if ticket.status is Status.RESOLVED:
        said = (facts.reopened(ticket, "the customer wrote again", request.message_id, now, request.cause),)
    return Change(after, now, CUSTOMER, What.WROTE, {"reopened": bool(said)}, said, _words(request, ticket, at))


def _words(request: Request, ticket: Ticket, at: datetime) -> Message:
    return Message(request.message_id, ticket.id, at, "customer", request.customer_id, "request", request.subject, request.body)


# ── incidents ────────────────────────────────────────────────────────────────────────────────


def linked(ticket: Ticket, match: Match, answer: Letter | None, now: datetime, cause: Cause | None) -> Change:
    """The ticket is about a known incident, and is answered with its status unless there is no answer to give."""
    return _linked(ticket, match, answer, now, Person(FOREWARN, ""), cause)


def _linked(ticket: Ticket, match: Match, answer: Letter | None, now: datetime, by: Person, cause: Cause | None) -> Change:
    """The answer has substance, so it stops the first-response clock. A ticket an agent has stays theirs."""
    incident = match.incident
    unique = " ".join(filter(None, (incident.id, by.act_id)))
    said: list[Fact] = [facts.linked(ticket, incident.id, match.reasons, unique, now, cause)]
    after, message = replace(ticket, incident_id=incident.id), None
    to = move(ticket.status, Act.ANSWER)
    if answer is not None and not isinstance(to, Refused):
        message = _said(ticket, "answer", FOREWARN, answer, identity("answer", ticket.id, *unique.split()), now, incident.id)
        after, breach = _answered(replace(after, status=to), now, FOREWARN, cause)
        said += [facts.replied(ticket, message, cause), *breach]
    what = What.ANSWERED if message else What.LINKED
    heard_end = incident.end.revision if incident.end else -1  # the answer says already that it is over
    link = Link(ticket.id, incident.id, match.reasons, now, now if message else None, ended_revision=heard_end)
    detail = {"incident_id": incident.id, "reasons": match.reasons, "score": match.score}
    return Change(after, now, by.name, what, detail, tuple(said), message, link)


def suggested(ticket: Ticket, matches: Sequence[Match], now: datetime) -> Change:
    """The ticket may be about these incidents. Nothing is said to the customer, and the ticket stays as it is."""
    suggestions = tuple(Suggestion(ticket.id, each.incident.id, each.score, each.reasons, now) for each in matches)
    detail = {"incidents": [{"incident_id": each.incident.id, "score": each.score, "reasons": each.reasons} for each in matches]}
    return Change(ticket, now, FOREWARN, What.SUGGESTED, detail, suggestions=suggestions)


def ended(ticket: Ticket, incident: Incident, end: End, all_clear: Letter | None, now: datetime, cause: Cause | None) -> Change:
    """The incident of an unresolved ticket is over: the customer hears it, unless there is nothing to say, and the ticket is resolved."""
    said: list[Fact] = []
    message = None
    if all_clear is not None:
        reply_id = identity("all-clear", ticket.id, incident.id, end.at.isoformat())
        message = _said(ticket, "resolved", FOREWARN, all_clear, reply_id, now, incident.id)
        said.append(facts.replied(ticket, message, cause))
    after, breach = _answered(ticket, now, FOREWARN if message else None, cause)
    after = replace(after, status=Status.RESOLVED, resolved_at=now)
    why = f"the incident is over: {incident.title}"
    said += [*breach, facts.resolved(ticket, why, f"{incident.id} {end.at.isoformat()}", now, cause)]
    return Change(after, now, FOREWARN, What.RESOLVED, {"incident_id": incident.id, "resolution": why}, tuple(said), message)


def released(ticket: Ticket, link: Link, end: End, now: datetime) -> Change:
    """The incident was withdrawn or dismissed: nobody knows that the customer's trouble is over, so the ticket needs a person."""
    by = Person(FOREWARN, f"{end.how} {link.incident_id} {end.revision}")
    return unless_refused(unlinked(ticket, by, now, link, f"the incident was {end.how}"))


def unlinked(ticket: Ticket, person: Person, now: datetime, link: Link, verdict: str) -> Change | Refused:
    """A link is undone: the verdict is kept, the automatic answer counts as none, and the ticket needs a person."""
    to = move(ticket.status, Act.UNLINK)
    if isinstance(to, Refused):
        return to
    clock, restarts = ticket.first_response, ticket.first_response.answered_by == FOREWARN
    if restarts:
        clock = replace(clock, stopped_at=None, answered_by=None)
    after = replace(ticket, status=to, incident_id=None, resolved_at=None, first_response=clock)
    said: tuple[Fact, ...] = ()
    if ticket.status is Status.RESOLVED:
        said = (facts.reopened(ticket, f"it was not about the incident: {verdict}", person.act_id, now),)
    undone = replace(link, unlinked_at=now, unlinked_by=person.name, verdict=verdict)
    detail = {"incident_id": link.incident_id, "verdict": verdict}
    return Change(after, now, person.name, What.UNLINKED, detail, said, link=undone, clock_starts=restarts)


# ── agents ───────────────────────────────────────────────────────────────────────────────────


def assigned(ticket: Ticket, person: Person, now: datetime, agent: str | None) -> Change | Refused:
    """An agent has the ticket now; None puts it back into the queue."""
    to = move(ticket.status, Act.ASSIGN if agent else Act.UNASSIGN)
    if isinstance(to, Refused):
        return to
    fact = facts.assigned(ticket, agent, person.act_id, now)
    return Change(replace(ticket, status=to, assignee=agent), now, person.name, What.ASSIGNED, {"agent": agent}, (fact,))


def accepted(ticket: Ticket, person: Person, now: datetime, match: Match, answer: Letter | None) -> Change | Refused:
    """An agent finds that the ticket is about an incident, and has the customer told its status unless there is no answer to give."""
    to = move(ticket.status, Act.LINK)
    return to if isinstance(to, Refused) else _linked(ticket, match, answer, now, person, None)


def replied(ticket: Ticket, person: Person, now: datetime, body: str) -> Change | Refused:
    """A person writes to the customer, which stops the first-response clock."""
    to = move(ticket.status, Act.REPLY)
    if isinstance(to, Refused):
        return to
    letter = (reply_to(ticket.subject, ticket.number), body)
    message = _said(ticket, "reply", person.name, letter, identity("reply", ticket.id, person.act_id), now, ticket.incident_id)
    after, breach = _answered(replace(ticket, status=to), now, person.name, None)
    return Change(after, now, person.name, What.REPLIED, {}, (facts.replied(ticket, message, None), *breach), message)


def resolved(ticket: Ticket, person: Person, now: datetime, resolution: str) -> Change | Refused:
    """A person says that the trouble is over. A ticket that ends needs no first response any more."""
    to = move(ticket.status, Act.RESOLVE)
    if isinstance(to, Refused):
        return to
    after, breach = _answered(replace(ticket, status=to, resolved_at=now), now, None, None)
    fact = facts.resolved(ticket, resolution, person.act_id, now, None)
    return Change(after, now, person.name, What.RESOLVED, {"resolution": resolution}, (*breach, fact))


def reopened(ticket: Ticket, person: Person, now: datetime, reason: str) -> Change | Refused:
    """A person says that it was not over."""
    to = move(ticket.status, Act.REOPEN)
    if isinstance(to, Refused):
        return to
    after = replace(ticket, status=to, resolved_at=None)
    return Change(after, now, person.name, What.REOPENED, {"reason": reason}, (facts.reopened(ticket, reason, person.act_id, now),))


# ── time ─────────────────────────────────────────────────────────────────────────────────────


def rested(ticket: Ticket, now: datetime) -> Change | Refused:
    """Nothing has come for long: what waited for the customer is resolved, what was resolved is closed."""
    if ticket.status is Status.RESOLVED:
        return Change(replace(ticket, status=Status.CLOSED), now, FOREWARN, What.CLOSED, {})
    return resolved(ticket, Person(FOREWARN, f"silence {now.isoformat()}"), now, "the customer did not answer")


def rung(ticket: Ticket, now: datetime) -> Change | None:
    """What has become of the first-response clock by now; None when there is nothing to say."""
    clock = ticket.first_response
    match sla.ring(clock, now):
        case sla.Ring.WARNING:
            after = replace(ticket, first_response=replace(clock, warned_at=now))
            return Change(after, now, FOREWARN, What.WARNED, {"clock": sla.FIRST_RESPONSE}, (facts.warned(ticket, now),))
        case sla.Ring.BREACH:
            after = replace(ticket, first_response=replace(clock, breached_at=clock.due_at))
            return Change(after, now, FOREWARN, What.BREACHED, {"clock": sla.FIRST_RESPONSE}, (facts.breached(ticket, now, None),))
        case None:
            return None


def _answered(ticket: Ticket, now: datetime, by: str | None, cause: Cause | None) -> tuple[Ticket, tuple[Fact, ...]]:
    """The ticket with its clock stopped, and the breach that nobody had noticed before."""
    clock = sla.stop(ticket.first_response, now, by)
    missed = clock.breached_at is not None and ticket.first_response.breached_at is None
    return replace(ticket, first_response=clock), (facts.breached(ticket, now, cause),) if missed else ()


def _said(ticket: Ticket, kind: Kind, author: str, letter: Letter, reply_id: str, now: datetime, incident_id: str | None) -> Message:
    subject, body = letter
    return Message(reply_id, ticket.id, now, "support", author, kind, subject, body, incident_id)
