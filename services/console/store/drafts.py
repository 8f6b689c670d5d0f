"""Keeps what a person has typed and not sent, at the place where it was typed: `ticket:<id>:reply`."""

from pathlib import Path

from shared.erasing import hold
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("drafts.sql"))

LONGEST = 100_000  # characters, as many as a reply may have


def of_ticket(ticket_id: str, form: str = "reply") -> str:
    """Returns the place of a form on a ticket's page."""
    return f"ticket:{ticket_id}:{form}"


async def keep(tx: Tx, person: str, place: str, text: str) -> None:
    """Keeps the text; an empty one deletes what was kept. About a ticket that is not there, or not any more, nothing is kept."""
    if not text:
        await drop(tx, person, place)
        return
    await hold(tx)  # an erasure waits for this text, and sees it
    kind, _, rest = place.partition(":")
    ticket_id = rest.rpartition(":")[0] if kind == "ticket" else None
    await tx.execute(queries.keep_draft, person, place, ticket_id, text)


async def drop(tx: Tx, person: str, place: str) -> None:
    """Deletes what was sent."""
    await tx.execute(queries.drop_draft, person, place)
