"""`tickets.v1`: tickets, what was said on them, and which incidents they may be about."""

from collections.abc import Iterable, Sequence

from services.console.hearing.erased import unless_erased
from services.console.hearing.ticket import TicketFact, after, line_of, message_of, suggestions_of
from services.console.live.changes import changed, customer_key, enter
from services.console.store import messages, suggestions, tickets, timeline
from services.console.store.suggestions import Pair, Suggestion
from services.console.store.tickets import Ticket
from shared.events import Fact
from shared.postgres import Tx


async def on_tickets(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps tickets as their facts say they are, unless their customers were erased since. A fact that comes again changes nothing."""
    await enter(tx)
    heard = [fact for fact in facts if isinstance(fact, TicketFact)]
    current = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in heard])
    added = await timeline.add(tx, map(line_of, current))
    new = list({fact.id: fact for fact in current if fact.id in added}.values())
    if not new:
        return
    known = await tickets.known(tx, {fact.data.ticket_id for fact in new})
    moved = dict(known)
    for fact in new:
        moved[fact.data.ticket_id] = after(moved.get(fact.data.ticket_id), fact)
    await tickets.save(tx, moved.values())
    await messages.add(tx, [said for fact in new if (said := message_of(fact))])
    decided: dict[Pair, Suggestion | None] = {}
    for fact in new:
        decided |= suggestions_of(fact)
    await suggestions.decide(tx, decided)
    await changed(tx, _keys([*known.values(), *moved.values()]))


def _keys(touched: Iterable[Ticket]) -> Iterable[str]:
    """Yields the keys of tickets as they were and as they are: of an incident that one was linked to, too."""
    yield "tickets"
    for ticket in touched:
        yield f"ticket:{ticket.id}"
        yield customer_key(ticket.customer_id)
        if ticket.incident_id:
            yield "incidents"
            yield f"incident:{ticket.incident_id}"
