"""Requests become tickets, or continue those they reply to, whether they came by Kafka or by REST."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ticketing.acts import customers
from services.ticketing.acts.customers import Continued, continued_by, independent
from services.ticketing.acts.linking import matched
from services.ticketing.change import Change, Request, What, unless_refused
from services.ticketing.sla import clock
from services.ticketing.store import due, impact, messages, tickets
from services.ticketing.store.changes import apply
from services.ticketing.support import Configuration
from services.ticketing.ticket import Ticket
from shared.postgres import Tx


async def take(config: Configuration, tx: Tx, requests: Sequence[Request]) -> None:
    """Takes requests in their order. One that was taken before is left out."""
    now = await tickets.now(tx)
    left = await messages.unknown(tx, requests)
    while left:
        known = await tickets.continued(tx, left)
        count = independent(left, known)
        await _take(config, tx, left[:count], known, now)
        left = left[count:]


async def _take(config: Configuration, tx: Tx, requests: Sequence[Request], known: Continued, now: datetime) -> None:
    new = [request for request in requests if continued_by(request, known) is None]
    numbers = iter(await tickets.numbers(tx, len(new)))
    since = min((request.written_at for request in new), default=now) - config.support.linking.after_end
    candidates = await impact.candidates(tx, {request.ticket_id: request.customer_id for request in new}, since)
    changes: list[Change] = []
    latest: dict[str, Ticket] = {}
    for request in requests:
        if before := continued_by(request, known):
            changes.append(unless_refused(customers.wrote(latest.get(before.id, before), request, now)))
        else:
            opened = _opened(config, request, next(numbers), now)
            found = matched(config, opened.ticket, request.body, candidates.get(request.ticket_id, ()), now, request.cause)
            changes += [opened, found] if found else [opened]
            await asyncio.sleep(0)  # matching one message takes up to 20 ms: other tasks get their turn
        latest[changes[-1].ticket.id] = changes[-1].ticket
    await apply(tx, changes)
    await due.look_again(tx, (each.ticket for each in changes if each.what is not What.WROTE), now)


def _opened(config: Configuration, request: Request, number: int, now: datetime) -> Change:
    promised = config.support.first_response
    started = clock.start(request.written_at, now, promised.targets[request.priority], promised.warn_at)
    return customers.opened(request, number, started, now)
