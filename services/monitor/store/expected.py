"""The table of what rules on absence expect: one row a rule and component."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.monitor.detectors.absence import Expected
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

Key = tuple[str, str]  # rule, component
Fingerprints = Mapping[str, str]  # rule → its fingerprint


@dataclass(frozen=True, slots=True)
class Heard:
    """The last event of one rule and component."""

    at: datetime  # when it was counted, on the database's clock
    spoke_at: datetime  # its own time


async def expect(tx: Tx, named: Collection[Key], fingerprints: Fingerprints) -> None:
    """Begins to expect what is named and was not expected yet."""
    await tx.execute(queries.expect, *_columns(named), [fingerprints[rule] for rule, _ in named])


async def drop_others(tx: Tx, named: Collection[Key], fingerprints: Fingerprints) -> list[Key]:
    """Forgets what no rule expects any more; returns it."""
    rows = await tx.fetch(queries.drop_others, list(fingerprints), list(fingerprints.values()), *_columns(named))
    return [(row["rule"], row["component"]) for row in rows]


async def lock_overdue(tx: Tx, waits: Mapping[str, timedelta], read_to: datetime) -> list[Expected]:
    """Returns what was heard too long before `read_to` and is not said to be missing. It is locked until `tx` ends."""
    return [Expected(*row) for row in await tx.fetch(queries.lock_overdue, list(waits), list(waits.values()), read_to)]


async def lock_heard(tx: Tx, keys: Collection[Key], fingerprints: Fingerprints) -> dict[Key, Expected]:
    """Returns what is known of these under today's rules. It is locked until `tx` ends."""
    rows = await tx.fetch(queries.lock_heard, *_columns(keys))
    fitting = [row for row in rows if row["fingerprint"] == fingerprints[row["rule"]]]
    return {(row["rule"], row["component"]): Expected(*row[:2], *row[3:]) for row in fitting}


async def hear(tx: Tx, heard: Mapping[Key, Heard], fingerprints: Fingerprints) -> None:
    """Stores when these were heard."""
    moments = [each.at for each in heard.values()], [each.spoke_at for each in heard.values()]
    await tx.execute(queries.hear, *_columns(heard), [fingerprints[rule] for rule, _ in heard], *moments)


async def note_missed(tx: Tx, keys: Collection[Key]) -> None:
    """Notes that the absence of these was said."""
    await tx.execute(queries.miss, *_columns(keys))


async def open_of(tx: Tx, keys: Collection[Key]) -> dict[str, Key]:
    """Returns the open incidents of these: id → rule and component."""
    rows = await tx.fetch(queries.open_of, *_columns(keys)) if keys else []
    return {row["id"]: (row["rule"], row["component"]) for row in rows}


async def read_to(tx: Tx) -> datetime | None:
    """Returns how far monitor reads; None before that was known once."""
    moment: datetime | None = await tx.fetchval(queries.read_so_far)
    return moment


def _columns(keys: Collection[Key]) -> tuple[list[str], list[str]]:
    return [rule for rule, _ in keys], [component for _, component in keys]
