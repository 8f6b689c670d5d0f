"""Sends dead letters that wait back to their topic, each once; says what became of them. Those of erased customers stay.

Those of another system's topic are not sent there. Who knows what their records mean gives the way they go.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord

from shared.connecting.brokers import Brokers
from shared.letters.erased import Among, Found, spared
from shared.letters.letters import SUFFIX, Letter, NoLetter, letters, letters_of, send_back
from shared.letters.pointers import Followed, following
from shared.letters.receipts import Receipts, receipts

AT_ONCE = 500  # letters in one receipt
BYTES_AT_ONCE = 16 << 20  # of the records of those letters

Wanted = Callable[[Letter], bool]
Pairs = Sequence[tuple[Letter, ConsumerRecord]]
Send = Callable[[Brokers, str, Pairs], Awaitable[list[Letter]]]  # returns those that could not go; it writes the receipt


@dataclass
class Redrive:
    """Counts what became of the letters of one topic."""

    going: Counter[str] = field(default_factory=Counter)  # by reason
    poison: int = 0
    gone: int = 0  # pointers at records that are kept no longer or cannot be read
    refused: int = 0  # records that the broker does not take
    others: int = 0  # records that are no dead letters
    foreign: int = 0  # letters of other systems' topics
    erased: int = 0  # letters about customers who were erased since

    @property
    def left(self) -> int:
        """Returns how many stay that should have gone."""
        return self.poison + self.gone + self.refused


async def redrive(
    brokers: Brokers, topic: str, wanted: Wanted, among: Among, dry_run: bool = False, foreign: Send | None = None
) -> Redrive:
    """Sends back what waits and is wanted; `among` says whom of the erased each names. Raises Failed.

    `foreign`: the way that letters of another system's topic go; without it they stay.
    """
    name, done = letters_of(topic), Redrive()
    sent = await receipts(brokers)
    async with following(brokers, name.removesuffix(SUFFIX)) as followed:
        async for piece in _pieces(_waiting(brokers, name, sent, wanted, done, maps=foreign is not None)):
            found = await _with_records(followed, piece)
            going = await _without_erased(among, found)
            refused = await (foreign or send_back)(brokers, name, going) if going and not dry_run else []
            done.gone += len(piece) - len(found)
            done.erased += len(found) - len(going)
            done.refused += len(refused)
            done.going.update(letter.reason for letter, _ in going if letter not in refused)
    return done


async def _waiting(brokers: Brokers, name: str, sent: Receipts, wanted: Wanted, done: Redrive, *, maps: bool) -> AsyncIterator[Letter]:
    """Yields the letters that wait and may go."""
    async for letter in letters(brokers, name):
        if isinstance(letter, NoLetter):
            done.others += 1
        elif letter.record in sent or not wanted(letter):
            continue
        elif letter.is_foreign and not maps:
            done.foreign += 1
        elif letter.is_poison:
            done.poison += 1
        else:
            yield letter


async def _pieces(waiting: AsyncIterator[Letter]) -> AsyncIterator[list[Letter]]:
    """Yields pieces of as many letters as fit into memory with their records."""
    piece: list[Letter] = []
    size = 0
    async for letter in waiting:
        piece.append(letter)
        size += letter.size
        if len(piece) == AT_ONCE or size > BYTES_AT_ONCE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


async def _with_records(followed: Followed, piece: Sequence[Letter]) -> list[tuple[Letter, ConsumerRecord]]:
    """Returns each letter with the record that goes back, in order; without those whose record is gone."""
    pointed = await followed.records([letter for letter in piece if letter.is_pointer])
    going = [(letter, pointed.get(letter.place) if letter.is_pointer else letter.record) for letter in piece]
    return [(letter, record) for letter, record in going if record is not None]


async def _without_erased(among: Among, found: Found) -> list[tuple[Letter, ConsumerRecord]]:
    """Returns the letters that may go, their records without what is about customers who were erased since."""
    gone = await among(found)
    left = [(letter, spared(record, gone.get(letter.place, ()))) for letter, record in found]
    return [(letter, record) for letter, record in left if record is not None]
