"""Time passed: a promise is nearly missed, or missed; an incident's outcome is due; tickets nobody comes back to come to rest."""

from datetime import timedelta

from services.ticketing import change, metrics, store
from services.ticketing.support import Policy
from shared.postgres import Database
from shared.timers import Due, schedule

TIDY = "tidy_tickets"
EVERY = timedelta(minutes=10)
AT_ONCE = 500


async def ring_first_response(database: Database, due: Due) -> None:
    """Says what has become of a ticket's first-response clock; nothing when it was answered meanwhile.

    The warning and the breach are two due rows and one deed: whichever comes looks at the clock.
    """
    async with database.transaction() as tx:
        ticket = await store.ticket(tx, due.ref)
        rung = change.rung(ticket, await store.now(tx)) if ticket else None
        await store.apply(tx, [rung] if rung else [])
        await due.settle(tx)


async def measure_outcome(policy: Policy, database: Database, due: Due) -> None:
    """Shows in the metrics whether it helped, a little after an incident's end, when the last of the news is in."""
    async with database.transaction() as tx:
        incident = await store.incident(tx, due.ref)
        ended = incident is not None and incident.resolved_at is not None
        contacts = (await store.contacts(tx, incident, policy.support.linking.windows))[0] if incident and ended else []
        await due.settle(tx)
    metrics.measure(contacts)


async def begin_tidying(database: Database) -> None:
    """Makes tidying due, when the process starts."""
    async with database.transaction() as tx:
        await schedule(tx, TIDY, {"": await store.now(tx)})


async def tidy_tickets(policy: Policy, database: Database, due: Due) -> None:
    """Resolves what waits for a customer who does not answer, closes what has been resolved for long, a few hundred at a time."""
    rest = policy.support.rest
    async with database.transaction() as tx:
        now = await store.now(tx)
        silent = await store.silent(tx, now - rest.resolve_after_silence, AT_ONCE)
        settled = await store.settled(tx, now - rest.close_after, AT_ONCE)
        await store.apply(tx, [change.unless_refused(change.rested(ticket, now)) for ticket in (*silent, *settled)])
        full = AT_ONCE in (len(silent), len(settled))
        await due.again(tx, now if full else now + EVERY)
