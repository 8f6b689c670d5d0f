"""Leaves out what was said of customers before they asked to be forgotten."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from shared.erasing import erased_at, hold
from shared.postgres import Tx

T = TypeVar("T")


async def unless_erased(tx: Tx, said: Iterable[tuple[str, datetime, T]]) -> list[T]:
    """Returns what was said after its customer's erasure, or of a customer who never was erased: `said` has customer, moment and what.

    Handlers enter (`live/changes.py`) before they ask, and erasures do so too: whoever waits for the other, nobody waits in a circle.
    """
    everything = list(said)
    if not everything or not await hold(tx):
        return [what for _, _, what in everything]
    erased = await erased_at(tx, {customer for customer, _, _ in everything})
    return [what for customer, at, what in everything if customer not in erased or at > erased[customer]]
