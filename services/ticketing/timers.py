"""Time passed: what follows from a message is due, a promise is nearly missed, or missed, or tickets come to rest."""

from datetime import timedelta

from services.ticketing import change, linking, metrics, store
from services.ticketing.incident import End, Ending, Incident
from services.ticketing.support import Policy
from shared.postgres import Database, Tx
from shared.timers import Due, schedule

TIDY = "tidy_tickets"
EVERY = timedelta(minutes=10)
AT_ONCE = 500
ENDED_AT_ONCE = 1000  # tickets in one transaction of an incident's end
SETTLED_AFTER = timedelta(seconds=10)  # after an incident's end what other topics said of it until then is in


async def look_again(policy: Policy, database: Database, due: Due) -> None:
    """Matches new tickets with impact that was committed beside them, and has the ends of incidents seen that they have missed.

    Whatever it links is looked at once more, since that may have missed something too.
    """
    first, _, last = due.ref.partition("-")
    async with database.transaction() as tx:
        waiting = await store.unlinked_between(tx, int(first), int(last))
        now = await store.now(tx)
        changed = await linking.match_all(policy, tx, waiting, now, None)
        await schedule(tx, store.END, dict.fromkeys(await store.ended_unnoticed(tx, int(first), int(last)), now))
        await (due.again(tx, now) if changed else due.settle(tx))


async def match_impact(policy: Policy, database: Database, due: Due) -> None:
    """Matches the tickets of customers who wrote before we knew that they are affected; waits for an incident that is not known yet."""
    async with database.transaction() as tx:
        piece = await store.impact_to_match(tx, due.ref)
        incident = await store.incident(tx, piece.incident_id) if piece else None
        if piece and incident:
            now = await store.now(tx)
            waiting = await store.unlinked_of(tx, piece.customers, incident.started_at - policy.support.linking.before_start)
            for ticket in await linking.match_all(policy, tx, waiting, now, piece.cause):
                await store.look_again(tx, [ticket], now)
            await store.matched_impact(tx, due.ref)
        await due.settle(tx)


async def end_incident(policy: Policy, database: Database, due: Due) -> None:
    """Ends the tickets linked to an incident that is over, a thousand at a time; nothing when it was reopened meanwhile."""
    async with database.transaction() as tx:
        held = await store.incident_held(tx, due.ref)
        end = held[0].end if held else None
        if held is None or end is None:
            await due.settle(tx)
            return
        incident, cause = held
        now = await store.now(tx)
        linked = await store.linked_to_ended(tx, incident, end, ENDED_AT_ONCE)
        changes = [linking.at_end(policy, ticket, link, incident, now, cause) for ticket, link in linked]
        await store.apply(tx, [each for each in changes if each])
        await store.been_through(tx, incident, end, [ticket for ticket, _ in linked])
        if await _more(tx, incident, end):
            await due.again(tx, now)
            return
        await due.settle(tx)
        if end.how is Ending.RESOLVED:
            await schedule(tx, store.MEASURE, {incident.id: now + SETTLED_AFTER})


async def _more(tx: Tx, incident: Incident, end: End) -> bool:
    if await store.more_to_end(tx, incident, end):
        return True
    return not incident.may_be_meant and await store.drop_suggestions(tx, incident, ENDED_AT_ONCE)


async def ring_first_response(database: Database, due: Due) -> None:
    """Says what has become of a ticket's first-response clock; nothing when it was answered meanwhile.

    The warning and the breach are two due rows and one deed: whichever comes looks at the clock.
    """
    async with database.transaction() as tx:
        ticket = await store.ticket(tx, due.ref)
        rung = change.rung(ticket, await store.now(tx)) if ticket else None
        await store.apply(tx, [rung] if rung else [])
        await due.settle(tx)


async def measure_outcome(database: Database, due: Due) -> None:
    """Shows in the metrics whether it helped, a little after an incident's end, when the last of the news is in."""
    async with database.transaction() as tx:
        incident = await store.incident(tx, due.ref)
        ended = incident is not None and incident.end is not None
        seen = (await store.contacts(tx, due.ref), await store.leads(tx, due.ref)) if ended else None
        await due.settle(tx)
    if seen:
        metrics.measure(*seen)


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
