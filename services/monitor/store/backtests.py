"""The table of drafts that are tried on the past."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft that this process tries now."""

    rules: str
    back: timedelta
    tries: int  # this one included


async def begin(tx: Tx, id_: str) -> Begun | None:
    """Begins to try a draft; None while another one is tried, or when this one is done."""
    row = await tx.fetchrow(queries.begin_backtest, id_)
    return None if row is None else Begun(*row)
