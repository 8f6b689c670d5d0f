"""The tables of what became of each source's records, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

OTLP = "otlp"
CUT = 300  # characters of what is wrong


def of_topic(topic: str) -> str:
    """Returns what the source of a topic is called."""
    return f"topic/{topic}"


def of_hook(name: str) -> str:
    """Returns what a hook is called among the sources."""
    return f"hook/{name}"


@dataclass(slots=True)
class Why:
    """One reason why records became nothing: how many, and the last of them."""

    records: int
    detail: str  # names fields, never what they hold
    place: str = ""
    shape: str = ""


@dataclass(slots=True)
class Heard:
    """What became of some records of one source."""

    mapped: int = 0
    left_out: int = 0
    unmapped: int = 0
    bad: int = 0
    reasons: Mapping[str, Why] = field(default_factory=dict)


async def count(tx: Tx, source: str, heard: Heard) -> None:
    """Adds to what became of the records of a source."""
    await tx.execute(queries.count_records, source, heard.mapped, heard.left_out, heard.unmapped, heard.bad)
    if heard.reasons:
        rows = sorted(heard.reasons.items())
        columns = [[each.records for _, each in rows], *([getattr(each, name)[:limit] for _, each in rows] for name, limit in _TEXTS)]
        await tx.execute(queries.note_reasons, source, [reason for reason, _ in rows], *columns)


_TEXTS = (("detail", CUT), ("place", CUT), ("shape", 2000))
