"""Notes what people do in the console itself, and tells open pages of it."""

from services.console.live.changes import changed, enter
from services.console.store.audit import Entry, record
from shared.postgres import Tx


async def noted(tx: Tx, entry: Entry) -> None:
    """Writes the entry, and draws open pages of the log anew. It comes last in `tx`, since others wait for the gate that it takes."""
    await record(tx, entry)
    await enter(tx)
    await changed(tx, ["audit"])
