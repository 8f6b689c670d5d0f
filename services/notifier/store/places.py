"""The table of places says by which notification something was told at an address, so that one person is told it once."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from services.notifier.audience import Contact
from services.notifier.notification import Kind
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


def place_of(incident_id: str, kind: Kind, contact: Contact) -> bytes:
    """Returns the digest of telling this at the address. Mailboxes do not differ by upper case alone."""
    return sha256(json.dumps([incident_id, kind, contact.channel, contact.address.casefold()]).encode()).digest()


async def take(tx: Tx, wanted: Mapping[str, bytes]) -> dict[str, str]:
    """Takes for each notification its place; returns by which other one it was told there, where it was.

    The statement that takes may wait for another transaction, and does not see what that has written: only a later one does.
    """
    first: dict[bytes, str] = {}
    for id_, place in wanted.items():
        first.setdefault(place, id_)
    if not first:
        return {}
    has = {row["place"]: row["notification_id"] for row in await tx.fetch(queries.take_places, list(first), list(first.values()))}
    others = {place: first[place] for place, id_ in has.items() if id_ != first[place]}
    if others:
        rows = await tx.fetch(queries.take_over, list(others), list(others.values()))
        has |= {row["place"]: first[row["place"]] for row in rows}
    return {id_: has[place] for id_, place in wanted.items() if has[place] != id_}
