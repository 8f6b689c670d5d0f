"""The acts of an incident on a ticket: a link with an answer, a suggestion, an end, or a link undone. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.acts import clock
from services.ticketing.change import AUTOMATIC, Actor, Cause, Change, Link, Message, Suggestion, What, unless_refused
from services.ticketing.incident import End, Incident
from services.ticketing.matching.match import Match
from services.ticketing.ticket import FOREWARN, Act, Refused, Status, Ticket, move
from services.ticketing.wording.rendering import Wording
from shared.events import identity


def linked(ticket: Ticket, match: Match, answer: Wording | None, now: datetime, cause: Cause | None, by: Actor = AUTOMATIC) -> Change:
    """The ticket is about a known incident, and is answered with its status unless there is no answer to give.

    The answer has substance, so it stops the first-response clock. A ticket an agent has stays theirs.
    """
    incident, to = match.incident, move(ticket.status, Act.ANSWER)
    heard_end = incident.end.revision if incident.end else -1  # the answer says already that it is over
    link = Link(ticket.id, incident.id, match.reasons, now, None, ended_revision=heard_end)
    detail = {"incident_id": incident.id, "reasons": match.reasons, "score": match.score}
    after = replace(ticket, incident_id=incident.id)
    if answer is None or isinstance(to, Refused):
        return Change(after, now, by, What.LINKED, detail, (facts.linked(after, link, by, cause),), link=link)
    message = _answer(ticket, incident, answer, now, by)
    after, breach = clock.stopped(replace(after, status=to), now, AUTOMATIC, cause)
    said = (facts.linked(after, link, by, cause), facts.replied(after, message, AUTOMATIC, cause), *breach)
    return Change(after, now, by, What.ANSWERED, detail, said, message, replace(link, answered_at=now))


def _answer(ticket: Ticket, incident: Incident, answer: Wording, now: datetime, by: Actor) -> Message:
    """Returns the message; another link by the same agent has another id."""
    answer_id = identity("answer", ticket.id, *incident.id.split(), *by.act_id.split())
    return Message(answer_id, ticket.id, now, "support", FOREWARN, "answer", answer.subject, answer.body, incident.id)


def suggested(ticket: Ticket, matches: Sequence[Match], now: datetime) -> Change:
    """The ticket may be about these incidents. Nothing is said to the customer, and the ticket stays as it is."""
    suggestions = tuple(Suggestion(ticket.id, each.incident.id, each.score, each.reasons, now) for each in matches)
    detail = {"incidents": [{"incident_id": each.incident.id, "score": each.score, "reasons": each.reasons} for each in matches]}
    return Change(ticket, now, AUTOMATIC, What.SUGGESTED, detail, (facts.suggested(ticket, suggestions, now),), suggestions=suggestions)


def ended(ticket: Ticket, incident: Incident, end: End, tell: bool, now: datetime, cause: Cause | None) -> Change | Refused:
    """The incident of a ticket is over, and the ticket is resolved.

    With `tell`, notifier tells the customer, which is an answer: it stops the first-response clock like one.
    """
    to = move(ticket.status, Act.RESOLVE)
    if isinstance(to, Refused):
        return to
    after, breach = clock.stopped(replace(ticket, status=to, resolved_at=now), now, AUTOMATIC if tell else None, cause)
    why, by = f"the incident is over: {incident.title}", replace(AUTOMATIC, act_id=f"{incident.id} {end.at.isoformat()}")
    detail = {"incident_id": incident.id, "resolution": why, "customer_told_by": "notifier" if tell else None}
    return Change(after, now, by, What.RESOLVED, detail, (*breach, facts.resolved(after, why, by, now, cause, tell=tell)))


def released(ticket: Ticket, link: Link, end: End, now: datetime) -> Change:
    """The incident was withdrawn or dismissed: nobody knows that the customer's trouble is over, so the ticket needs a person."""
    by = replace(AUTOMATIC, act_id=f"{end.how} {link.incident_id} {end.revision}")
    return unless_refused(unlinked(ticket, by, now, link, f"the incident was {end.how}"))


def split(ticket: Ticket, link: Link, into_id: str, now: datetime, cause: Cause) -> Change:
    """The customer's trouble is another incident, as a person says: the ticket is linked to that one, as it was to the one before.

    What the customer was answered stays true, so nothing is said to them.
    """
    new = Link(ticket.id, into_id, link.reasons, now, link.answered_at)
    after = replace(ticket, incident_id=into_id) if ticket.incident_id == link.incident_id else ticket
    detail = {"incident_id": into_id, "reasons": link.reasons, "split_from": link.incident_id}
    return Change(after, now, AUTOMATIC, What.LINKED, detail, (facts.linked(after, new, AUTOMATIC, cause),), link=new)


def unlinked(ticket: Ticket, by: Actor, now: datetime, link: Link, verdict: str) -> Change | Refused:
    """A link is undone: the verdict is kept, the automatic answer counts as none, and the ticket needs a person."""
    to = move(ticket.status, Act.UNLINK)
    if isinstance(to, Refused):
        return to
    running, restarts = ticket.first_response, ticket.first_response.answered_automatically
    if restarts:
        running = replace(running, stopped_at=None, answered_by=None, answered_automatically=False)
    after = replace(ticket, status=to, incident_id=None, resolved_at=None, first_response=running)
    said = [facts.unlinked(after, link, verdict, by, now)]
    if ticket.status is Status.RESOLVED:
        said.append(facts.reopened(after, f"it was not about the incident: {verdict}", by, now))
    undone = replace(link, unlinked_at=now, unlinked_by=by.name, verdict=verdict)
    detail = {"incident_id": link.incident_id, "verdict": verdict}
    return Change(after, now, by, What.UNLINKED, detail, tuple(said), link=undone, clock_starts=restarts)
