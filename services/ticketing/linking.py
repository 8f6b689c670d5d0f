"""Tickets and incidents find each other, whichever comes first: what is done with what `matching` decides.

No side waits for the other. Each commits what it has found, and looks again after that: whichever
commits last sees the other (docs/decisions/0011-both-sides-look-again.md).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ticketing import change, store
from services.ticketing.change import Change, Link
from services.ticketing.facts import Cause
from services.ticketing.incident import Ending, Incident
from services.ticketing.matching.match import Candidates
from services.ticketing.support import Policy
from services.ticketing.ticket import UNRESOLVED, Ticket
from shared.postgres import Tx


def decide(policy: Policy, ticket: Ticket, body: str, candidates: Candidates, now: datetime, cause: Cause | None) -> Change | None:
    """A ticket of an affected customer is linked and answered, or the incidents are suggested to an agent."""
    matched = policy.match(ticket, body, candidates)
    if matched.link:
        answer = policy.answer(ticket, matched.link.incident) if policy.may_answer(ticket, matched.link.incident, now) else None
        return change.linked(ticket, matched.link, answer, now, cause)
    return change.suggested(ticket, matched.suggestions, now) if matched.suggestions else None


async def match_all(policy: Policy, tx: Tx, tickets: Sequence[tuple[Ticket, str]], now: datetime, cause: Cause | None) -> list[Ticket]:
    """Matches tickets, each with the words of its request, with all incidents that touch their customers; returns those that changed."""
    since = min((ticket.opened_at for ticket, _ in tickets), default=now) - policy.support.linking.after_end
    candidates = await store.candidates(tx, {ticket.id: ticket.customer_id for ticket, _ in tickets}, since)
    changes = []
    for ticket, body in tickets:
        if decided := decide(policy, ticket, body, candidates.get(ticket.id, ()), now, cause):
            changes.append(decided)
        await asyncio.sleep(0)  # reading one message takes up to 20 ms: others get their turn
    await store.apply(tx, changes)
    return [each.ticket for each in changes]


def at_end(policy: Policy, ticket: Ticket, link: Link, incident: Incident, now: datetime, cause: Cause) -> Change | None:
    """What the incident's end makes of a linked ticket; None when it has ended already, or is about something else by now."""
    end = incident.end
    if end is None or ticket.status not in UNRESOLVED or ticket.incident_id != incident.id:
        return None
    if end.how is not Ending.RESOLVED:
        return change.released(ticket, link, end, now)
    hears = end.tell and (link.answered_at is not None or policy.recent(ticket, now))
    return change.ended(ticket, incident, end, policy.all_clear(ticket, incident) if hears else None, now, cause)
