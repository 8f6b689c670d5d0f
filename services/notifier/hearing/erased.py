"""Facts that are older than their customer's erasure bring nothing of the customer back."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from shared.erasing import erased_at, hold
from shared.postgres import Tx

About = TypeVar("About")


async def unless_erased(tx: Tx, said: Iterable[tuple[str, datetime, About]]) -> list[About]:
    """Leaves out what was said of customers before they were erased: `said` has customer, moment and what. Until `tx` ends nobody is."""
    everything = list(said)
    if not await hold(tx):
        return [about for _, _, about in everything]
    erased = await erased_at(tx, {customer for customer, _, _ in everything})
    return [about for customer, at, about in everything if customer not in erased or at > erased[customer]]
