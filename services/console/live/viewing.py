"""Notes who has a ticket open, so that two people do not answer it at once; a page that is open refreshes its row."""

from collections.abc import Sequence
from pathlib import Path

from services.console.live.changes import changed, enter
from services.console.live.streams import TICKET, Stream
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("queries.sql"))


async def note(tx: Tx, came: Sequence[Stream], left: Sequence[Stream]) -> None:
    """Notes who came to tickets and who left them, and that these tickets' pages have changed."""
    await enter(tx)
    await refresh(tx, [stream for stream in came if stream not in left])
    gone = [(ticket, stream.id) for stream in left for ticket in stream.tickets]
    await tx.execute(queries.leave, [ticket for ticket, _ in gone], [id_ for _, id_ in gone])
    await changed(tx, {TICKET + ticket for stream in (*came, *left) for ticket in stream.tickets})


async def refresh(tx: Tx, looking: Sequence[Stream]) -> None:
    """Notes that these streams' pages are open now."""
    seats = [(ticket, stream.id, stream.person) for stream in looking for ticket in stream.tickets]
    await tx.execute(queries.see, [seat[0] for seat in seats], [seat[1] for seat in seats], [seat[2] for seat in seats])
