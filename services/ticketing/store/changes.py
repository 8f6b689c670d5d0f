"""Changes are written down, and published, in the transaction that makes them."""

from collections.abc import Sequence

from services.ticketing import metrics
from services.ticketing.change import Change, What
from services.ticketing.store import clocks, due, history, links, messages, suggestions, tickets
from shared.outbox import say
from shared.postgres import Tx


async def apply(tx: Tx, changes: Sequence[Change]) -> None:
    """Writes down what changed, and tells the others, in the order it happened."""
    if not changes:
        return
    changed = list({change.ticket.id: change.ticket for change in changes if change.what is not What.SUGGESTED}.values())
    if changed:
        await tickets.save(tx, changed, changes[-1].at)
        await clocks.save(tx, changed)
    if said := [change.message for change in changes if change.message]:
        await messages.save(tx, said)
    if linked := [change.link for change in changes if change.link]:
        await links.save(tx, linked)
        await suggestions.drop_decided(tx, linked)
    if suggested := [each for change in changes for each in change.suggestions]:
        await suggestions.save(tx, suggested)
    await history.save(tx, changes)
    await say(tx, *(fact for change in changes for fact in change.facts))
    started = {change.ticket.id for change in changes if change.clock_starts}
    await due.start_clocks(tx, [ticket for ticket in changed if ticket.id in started])
    metrics.count(changes)
