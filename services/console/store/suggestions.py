"""Incidents that tickets may be about, until a link or an agent decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from services.console.store.rows import columns
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("suggestions.sql"))

Pair = tuple[str, str]  # ticket and incident


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Why a ticket may be about an incident."""

    score: float
    reasons: tuple[str, ...]
    suggested_at: datetime


async def decide(tx: Tx, said: Mapping[Pair, Suggestion | None]) -> None:
    """Stores what is suggested, and deletes what is decided (None)."""
    if decided := [pair for pair, suggestion in said.items() if suggestion is None]:
        await tx.execute(queries.drop_suggestions, *columns(decided))
    if suggested := list(_rows(said)):
        await tx.execute(queries.suggest, *columns(suggested))


def _rows(said: Mapping[Pair, Suggestion | None]) -> Iterable[tuple[object, ...]]:
    for pair, each in said.items():
        if each is not None:
            yield (*pair, each.score, msgspec.json.encode(each.reasons).decode(), each.suggested_at)
