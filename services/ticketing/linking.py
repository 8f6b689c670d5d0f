"""Tickets and incidents find each other, whichever comes first: gathers both, and applies what `acts/linking.py` decides.

No side waits for the other. Each commits what it has found and then looks again, so that whichever
commits last sees the other (docs/decisions/0011-both-sides-look-again.md).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ticketing.acts.linking import matched
from services.ticketing.change import Cause
from services.ticketing.store import impact
from services.ticketing.store.changes import apply
from services.ticketing.support import Configuration
from services.ticketing.ticket import Ticket
from shared.postgres import Tx


async def match_all(
    config: Configuration, tx: Tx, tickets: Sequence[tuple[Ticket, str]], now: datetime, cause: Cause | None
) -> list[Ticket]:
    """Matches tickets, each with the words of its request, with all incidents that touch their customers; returns those that changed."""
    since = min((ticket.opened_at for ticket, _ in tickets), default=now) - config.support.linking.after_end
    candidates = await impact.candidates(tx, {ticket.id: ticket.customer_id for ticket, _ in tickets}, since)
    changes = []
    for ticket, body in tickets:
        if change := matched(config, ticket, body, candidates.get(ticket.id, ()), now, cause):
            changes.append(change)
        await asyncio.sleep(0)  # matching one message takes up to 20 ms: other tasks get their turn
    await apply(tx, changes)
    return [each.ticket for each in changes]
