"""Notes what has changed, in the transaction that changes it. The keys that pages wait for:

`incidents` and `incident:<id>`, `tickets` and `ticket:<id>`, `customer:<id>`, `health`, `audit`.
"""

from collections.abc import Iterable

from shared.postgres import Tx

ENTER = "SELECT FROM gate FOR UPDATE"
NOTE = "INSERT INTO changes (key) SELECT unnest($1::text[])"


async def enter(tx: Tx) -> None:
    """Waits until no other transaction writes the read model or notes changes. Handlers call it first."""
    await tx.execute(ENTER)


async def changed(tx: Tx, keys: Iterable[str]) -> None:
    """Notes that what these keys name has changed; pages that wait for one of them are drawn anew after the commit."""
    if noted := sorted(set(keys)):
        await tx.execute(NOTE, noted)
