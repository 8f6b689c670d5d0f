"""Streams all that the services and the console hold of a customer, as one JSON object."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec

from services.console.acting.acts import Owner
from services.console.acting.outcome import Refused
from services.console.acting.owners import Owners
from services.console.personal import PERSONAL
from shared.postgres import Database
from shared.routes.customers import held_of

OTHERS = (Owner.MONITOR, Owner.NOTIFIER, Owner.TICKETING)


async def exported(owners: Owners, database: Database, customer_id: str, person: str) -> AsyncIterator[bytes]:
    """Yields the export in pieces; a service that does not answer is named in `missing`."""
    missing: list[str] = []
    yield b'{"customer_id":' + _json(customer_id) + b',"services":{"console":['
    first = True
    async for row in _ours(database, customer_id):
        yield (b"" if first else b",") + row
        first = False
    for owner in OTHERS:
        yield b'],"' + owner.encode() + b'":['
        async for piece in _theirs(owners, owner, customer_id, person, missing):
            yield piece
    yield b']},"missing":' + _json(missing) + b"}\n"


async def _ours(database: Database, customer_id: str) -> AsyncIterator[bytes]:
    cursor: str | None = ""
    while cursor is not None:
        async with database.transaction() as tx:
            page = await held_of(tx, PERSONAL, customer_id, cursor or None)
        for item in page.items:
            yield item.model_dump_json().encode()
        cursor = page.next


async def _theirs(owners: Owners, owner: Owner, customer_id: str, person: str, missing: list[str]) -> AsyncIterator[bytes]:
    path, cursor, comma = f"/v1/customers/{quote(customer_id, safe='')}/data", "", b""
    while True:
        outcome = await owners.ask(owner, "GET", path + (f"?cursor={quote(cursor, safe='')}" if cursor else ""), person=person)
        if isinstance(outcome, Refused):
            missing.append(f"{owner}: {outcome.words}")
            return
        for item in outcome.answer.get("items", ()):
            yield comma + _json(item)
            comma = b","
        cursor = outcome.answer.get("next") or ""
        if not cursor:
            return


def _json(said: Any) -> bytes:
    return msgspec.json.encode(said)
