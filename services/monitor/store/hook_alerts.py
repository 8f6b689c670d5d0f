"""The table of alerts that a hook recalls by their keys."""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from services.monitor.sources.hooks.memory import Fired
from shared.events import identity
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

LONGEST = 64  # characters of a key; a longer one is stored as a digest


async def fired(tx: Tx, hook: str, keys: Collection[str], now: datetime) -> dict[str, Fired]:
    """Returns what is known of these alerts. Whoever asks for one of them next waits until `tx` ends."""
    stored = {_stored(key): key for key in keys}
    await tx.execute(queries.claim, hook, [*stored], now)
    rows = await tx.fetch(queries.fired, hook, [*stored])
    known = [(stored[row["key"]], Fired(row["component"], row["name"], row["starts_at"], row["ended_at"])) for row in rows]
    return {key: each for key, each in known if each.component}


async def keep_fired(tx: Tx, hook: str, keys: Collection[str], known: Mapping[str, Fired], now: datetime) -> None:
    """Stores what is known now of the alerts that were asked for by these keys."""
    columns = zip(*[(_stored(key), *_columns(each)) for key, each in known.items()], strict=True)
    if known:
        await tx.execute(queries.keep_fired, hook, *map(list, columns), now)
    await tx.execute(queries.drop_claims, hook, [_stored(key) for key in keys if key not in known])


def _stored(key: str) -> str:
    return key if len(key) <= LONGEST else identity("hook alert", key)


def _columns(each: Fired) -> tuple[str, str, datetime, datetime | None]:
    return each.component, each.name, each.starts_at, each.ended_at
