"""Time passed: a promise is nearly missed, or missed."""

from services.ticketing import change, store
from shared.postgres import Database
from shared.timers import Due


async def ring_first_response(database: Database, due: Due) -> None:
    """Says what has become of a ticket's first-response clock; nothing when it was answered meanwhile.

    The warning and the breach are two due rows and one deed: whichever comes looks at the clock.
    """
    async with database.transaction() as tx:
        ticket = await store.ticket(tx, due.ref)
        rung = change.rung(ticket, await store.now(tx)) if ticket else None
        await store.apply(tx, [rung] if rung else [])
        await due.settle(tx)
