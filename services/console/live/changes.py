"""Notes what has changed, in the transaction that changes it. The keys that pages wait for:

`incidents` and `incident:<id>`, `tickets` and `ticket:<id>`, `customer:sha256:<digest of the id>`, `risks`, `maintenance`, `health`,
`audit`, `consent` and `approval:<id>`, `frame`: what stands around every page, and `erased`: somebody was erased, and no open page
may go on showing anything of them.

A customer's id may be a mail address, and may hold spaces: keys are kept for a while, and are listed with spaces between them.
"""

from collections.abc import Iterable

from shared.erasing import digest
from shared.postgres import Tx

ERASED = "erased"
FRAME = "frame"
CUSTOMER, DIGEST = "customer:", "customer:sha256:"

ENTER = "SELECT FROM gate FOR UPDATE"
NOTE = "INSERT INTO changes (key) SELECT unnest($1::text[])"


def customer_key(customer_id: str) -> str:
    """Returns the key of whatever is shown of one customer."""
    return DIGEST + digest(customer_id).hex()


def key_of(subject: str) -> str:
    """Returns the key of what an act is about, as the audit log names it."""
    is_named = subject.startswith(CUSTOMER) and not subject.startswith(DIGEST)
    return customer_key(subject.removeprefix(CUSTOMER)) if is_named else subject


async def enter(tx: Tx) -> None:
    """Waits until no other transaction writes the read model or notes changes. Handlers call it first."""
    await tx.execute(ENTER)


async def changed(tx: Tx, keys: Iterable[str]) -> None:
    """Notes that what these keys name has changed; pages that wait for one of them are drawn anew after the commit."""
    if noted := sorted(set(keys)):
        await tx.execute(NOTE, noted)
