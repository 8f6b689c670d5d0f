"""A ticket's first-response clock is stopped by an answer, or reaches a milestone. Pure."""

from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.change import AUTOMATIC, Actor, Cause, Change, What
from services.ticketing.sla.clock import FIRST_RESPONSE, Milestone, reached, stop
from services.ticketing.ticket import Ticket
from shared.events import Fact


def stopped(ticket: Ticket, now: datetime, by: Actor | None, cause: Cause | None) -> tuple[Ticket, tuple[Fact, ...]]:
    """Returns the ticket with its clock stopped by whoever answered (None: nobody did), and the breach that no timer had noticed before.

    `ticket` is as it is after the act, but for its clock.
    """
    clock = stop(ticket.first_response, now, by.name if by else None, automatically=by is not None and by.is_automatic)
    after = replace(ticket, first_response=clock)
    missed = clock.breached_at is not None and ticket.first_response.breached_at is None
    return after, (facts.breached(after, now, cause),) if missed else ()


def checked(ticket: Ticket, now: datetime) -> Change | None:
    """Returns the milestone that the clock has reached by now; None when there is none to report."""
    clock, detail = ticket.first_response, {"clock": FIRST_RESPONSE}
    match reached(clock, now):
        case Milestone.WARNING:
            after = replace(ticket, first_response=replace(clock, warned_at=now))
            return Change(after, now, AUTOMATIC, What.WARNED, detail, (facts.warned(after, now),))
        case Milestone.BREACH:
            after = replace(ticket, first_response=replace(clock, breached_at=clock.due_at))
            return Change(after, now, AUTOMATIC, What.BREACHED, detail, (facts.breached(after, now, None),))
        case None:
            return None
