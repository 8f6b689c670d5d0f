"""The kinds of due work in ticketing, and the functions that make each due."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.ticketing.ticket import Ticket
from shared.postgres import Tx
from shared.timers import schedule

WARN = "warn_first_response"
BREACH = "breach_first_response"
LOOK = "look_again"  # at tickets with these numbers, `1001-1007`: what they are matched with may have changed when they were committed
MATCH = "match_impact"  # a piece of impact with the tickets of its customers
END = "end_incident"  # for all tickets linked to it
TIDY = "tidy_tickets"


async def start_clocks(tx: Tx, tickets: Sequence[Ticket]) -> None:
    """Makes the warnings and breaches of clocks that still run due."""
    running = [each for each in tickets if not each.first_response.stopped_at and not each.first_response.breached_at]
    await schedule(tx, WARN, {each.id: each.first_response.warn_at for each in running if not each.first_response.warned_at})
    await schedule(tx, BREACH, {each.id: each.first_response.due_at for each in running})


async def look_again(tx: Tx, tickets: Iterable[Ticket], at: datetime) -> None:
    """Has these tickets matched again once `tx` is committed, since others may have committed what `tx` could not see."""
    numbers = [ticket.number for ticket in tickets]
    if numbers:
        await schedule(tx, LOOK, {f"{min(numbers)}-{max(numbers)}": at})
