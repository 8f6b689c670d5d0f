"""The past as events in the order in which they came, and what in it is no event."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from services.monitor.backtest import Come
from shared.observing.printable import printable

SHOWN = 5  # refused lines or records that are shown …
LEGIBLE = 300  # … and characters of what is wrong with each
PIECE = 2_000  # events between two looks at the bar and at Ctrl-C


@dataclass
class Refusals:
    """Counts what is no event, by reason, and keeps the first few."""

    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, where: str, reason: str, detail: str) -> None:
        self.reasons[reason] += 1
        if len(self.examples) < SHOWN:
            self.examples.append(f"{where}: {reason}: {printable(detail[:LEGIBLE])}")


@dataclass(frozen=True)
class Piece:
    """Some events of the past, and how far it is read with them."""

    come: list[Come]
    done: int


@dataclass(frozen=True)
class Past:
    """The past, piece by piece."""

    pieces: AsyncIterator[Piece]
    size: int | None  # in the unit of `done`; None: it is not known
    partitions: int = 1
