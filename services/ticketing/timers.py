"""Timers do what is due: matching that follows from a commit, ends of incidents, deadlines, tickets at rest."""

from datetime import timedelta

from services.ticketing import linking
from services.ticketing.acts import clock, time
from services.ticketing.acts.linking import at_end
from services.ticketing.change import unless_refused
from services.ticketing.incident import End, Incident
from services.ticketing.store import due as work
from services.ticketing.store import impact, incidents, links, suggestions, tickets
from services.ticketing.store.changes import apply
from services.ticketing.support import Configuration
from shared.postgres import Database, Tx
from shared.timers import Due, schedule

EVERY = timedelta(minutes=10)
AT_ONCE = 500
ENDED_AT_ONCE = 1000  # tickets in one transaction of an incident's end


async def look_again(config: Configuration, database: Database, due: Due) -> None:
    """Matches new tickets with impact that was committed beside them, and schedules the ends of incidents that have missed them.

    Tickets that this links are looked at once more, since that commit may have missed something too.
    """
    first, _, last = due.ref.partition("-")
    async with database.transaction() as tx:
        waiting = await tickets.unlinked_between(tx, int(first), int(last))
        now = await tickets.now(tx)
        changed = await linking.match_all(config, tx, waiting, now, None)
        await schedule(tx, work.END, dict.fromkeys(await links.ended_unnoticed(tx, int(first), int(last)), now))
        await (due.again(tx, now) if changed else due.settle(tx))


async def match_impact(config: Configuration, database: Database, due: Due) -> None:
    """Matches the tickets of customers who wrote before we knew that they are affected; waits for an incident that is not known yet."""
    async with database.transaction() as tx:
        piece = await impact.to_match(tx, due.ref)
        incident = await incidents.incident(tx, piece.incident_id) if piece else None
        if piece and incident:
            waiting = await tickets.unlinked_of(tx, piece.customers, incident.started_at - config.support.linking.before_start)
            now = await tickets.now(tx)  # after the locks: an answer is newer than what the customer wrote meanwhile
            for ticket in await linking.match_all(config, tx, waiting, now, piece.cause):
                await work.look_again(tx, [ticket], now)
            await impact.matched(tx, due.ref)
        await due.settle(tx)


async def end_incident(config: Configuration, database: Database, due: Due) -> None:
    """Ends the tickets linked to an incident that is over, a thousand at a time; does nothing when it was reopened meanwhile."""
    async with database.transaction() as tx:
        held = await incidents.incident_held(tx, due.ref)
        end = held[0].end if held else None
        if held is None or end is None:
            await due.settle(tx)
            return
        incident, cause = held
        now = await tickets.now(tx)
        linked = await links.linked_to_ended(tx, incident, end, ENDED_AT_ONCE)
        changes = [at_end(config, ticket, link, incident, now, cause) for ticket, link in linked]
        await apply(tx, [each for each in changes if each])
        await links.been_through(tx, incident, end, [ticket for ticket, _ in linked])
        if await _more(tx, incident, end):
            await due.again(tx, now)
            return
        await due.settle(tx)


async def _more(tx: Tx, incident: Incident, end: End) -> bool:
    if await links.more_to_end(tx, incident, end):
        return True
    return not incident.may_be_meant and await suggestions.drop_all_of(tx, incident, ENDED_AT_ONCE)


async def check_first_response(database: Database, due: Due) -> None:
    """Reports what a ticket's first-response clock has reached; does nothing when the ticket was answered meanwhile.

    The warning and the breach are two due rows with the same work: whichever comes looks at the clock.
    """
    async with database.transaction() as tx:
        ticket = await tickets.ticket(tx, due.ref)
        change = clock.checked(ticket, await tickets.now(tx)) if ticket else None
        await apply(tx, [change] if change else [])
        await due.settle(tx)


async def begin_tidying(database: Database) -> None:
    """Makes tidying due, when the process starts."""
    async with database.transaction() as tx:
        await schedule(tx, work.TIDY, {"": await tickets.now(tx)})


async def tidy_tickets(config: Configuration, database: Database, due: Due) -> None:
    """Resolves tickets whose customer does not answer, and closes those resolved for long, a few hundred at a time."""
    rest = config.support.rest
    async with database.transaction() as tx:
        now = await tickets.now(tx)
        silent = await tickets.silent(tx, now - rest.resolve_after_silence, AT_ONCE)
        resolved = await tickets.long_resolved(tx, now - rest.close_after, AT_ONCE)
        await apply(tx, [unless_refused(time.rested(ticket, now)) for ticket in (*silent, *resolved)])
        full = AT_ONCE in (len(silent), len(resolved))
        await due.again(tx, now if full else now + EVERY)
