"""`customers.v1`: a customer who asks to be forgotten is erased, and older facts bring nothing of them back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.ticketing.personal import PERSONAL
from shared.erasing import erased_at, hear, hold
from shared.events import CustomerErased, Fact
from shared.postgres import Tx

AT_ONCE = 5000  # customers asked for at once: some 5 ms of CPU


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Erases the customers whom the facts name."""
    await hear(tx, PERSONAL, [fact for fact in facts if isinstance(fact, CustomerErased)])


async def erasures_of(tx: Tx, customers: Collection[str]) -> Mapping[str, datetime]:
    """Returns when those of the customers who were erased asked for it; until `tx` ends no other is erased.

    Handlers ask before they lock tickets: an erasure waits for whoever has asked, and locks tickets after that.
    """
    found: dict[str, datetime] = {}
    asked = list(dict.fromkeys(customers)) if await hold(tx) else []
    for begin in range(0, len(asked), AT_ONCE):
        found |= await erased_at(tx, asked[begin : begin + AT_ONCE])
    return found
