"""The table of turns counts who asks to be told in a minute, where only so many are."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from services.notifier.deciding.turns import Limit, turn_of
from services.notifier.situation import Turn
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Key = TypeVar("Key")


async def take(tx: Tx, asking: Mapping[Key, Limit]) -> dict[Key, Turn]:
    """Returns when it is the turn of those who must wait, in the order in which they ask."""
    if not asking:
        return {}
    asks = Counter(limit.scope for limit in asking.values())
    rows = await tx.fetch(queries.ask_turns, list(asks), list(asks.values()))
    next_place = {row["scope"]: row["asked"] - asks[row["scope"]] for row in rows}
    minutes = {row["scope"]: row["minute"] for row in rows}
    turns: dict[Key, Turn] = {}
    for key, limit in asking.items():
        if turn := turn_of(next_place[limit.scope], limit, minutes[limit.scope]):
            turns[key] = turn
        next_place[limit.scope] += 1
    return turns
