"""Keeps what a person has typed and not sent, at the place where it was typed: `ticket:<id>:reply`."""

from pathlib import Path

from shared.erasing import hold
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("drafts.sql"))

LONGEST = 100_000  # characters, as many as a reply may have


def of_ticket(ticket_id: str, form: str = "reply") -> str:
    """Returns the place of a form on a ticket's page."""
    return f"ticket:{ticket_id}:{form}"


def of_rules(base: int) -> str:
    """Returns the place of a draft of rules that was begun when `base` was published last."""
    return f"rules:{base}:text"


async def rules_typed(tx: Tx, person: str) -> tuple[int, str] | None:
    """Returns the latest draft of rules of this person: on what it was begun, and its text."""
    row = await tx.fetchrow(queries.rules_typed, person)
    return None if row is None else (int(row["place"].split(":")[1]), row["text"])


async def keep(tx: Tx, person: str, place: str, text: str, form_id: str = "") -> None:
    """Keeps the text, unless its form was sent meanwhile. About a ticket that is not there, or not any more, nothing is kept."""
    await hold(tx)  # an erasure waits for this text, and sees it
    await tx.execute(queries.keep_draft, person, place, _ticket_of(place), text, form_id)


async def sent(tx: Tx, person: str, place: str, form_id: str) -> None:
    """Forgets what was sent, also when it arrives once more from that form."""
    await hold(tx)
    await tx.execute(queries.empty_draft, person, place, _ticket_of(place), form_id)


def _ticket_of(place: str) -> str | None:
    kind, _, rest = place.partition(":")
    return rest.rpartition(":")[0] if kind == "ticket" else None
