"""The past as events in the order in which they came, and what in it is no event."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from services.monitor.backtest import Come, Said
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
    """Some events of the past, what others said between them, and how far it is read with them."""

    come: list[Come | Said]
    done: int


@dataclass(frozen=True)
class Past:
    """The past, piece by piece."""

    pieces: AsyncIterator[Piece]
    size: int | None  # in the unit of `done`; None: it is not known
    partitions: int = 1
    since: float = 0.0  # what is older was left out, seconds since the epoch
    has_tickets: bool = False  # whether tickets were asked for, also when none came


async def with_facts(pieces: AsyncIterator[Piece], facts: Sequence[Said]) -> AsyncIterator[Piece]:
    """Yields the events with what others said, which is in the order of time, between them."""
    done = at = 0
    async for piece in pieces:
        both: list[Come | Said] = []
        for come in piece.come:
            while at < len(facts) and facts[at].at <= come.at:
                both.append(facts[at])
                at += 1
            both.append(come)
        done = piece.done
        yield replace(piece, come=both)
    yield Piece(list(facts[at:]), done)
