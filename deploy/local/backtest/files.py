"""Reads the past from a file of JSON lines: one CloudEvent a line, in the order in which they came.

Product events are told from facts of others, about tickets and customers, by their type.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from deploy.local.mappings.arriving import arriving
from deploy.local.mappings.reading import STANDARD_INPUT, Input, lines, opened
from services.monitor.backtest import HEARD, Come, Said
from services.monitor.past.pieces import PIECE, Past, Piece, Refusals
from shared.cloudevents import Undecodable, read_event, read_fact
from shared.events import Fact, ProductEvent
from shared.observing.printable import printable

FACTS = {kind.model_fields["type"].default: kind for kind in HEARD}


@contextmanager
def past_of(said: str, since: float, refusals: Refusals) -> Iterator[Past]:
    """Opens a file (also .gz, or in a zip; `-` is standard input), without what happened before `since`. Raises Failed or OSError."""
    with opened(said, "utf-8") as inputs:
        sizes = [each.size for each in inputs]
        read = _said(inputs, since, refusals)
        items = arriving(read, None) if said == STANDARD_INPUT else read
        yield Past(_pieces(inputs, items), None if None in sizes else sum(filter(None, sizes)), since=since)


async def _pieces(inputs: Sequence[Input], items: Iterator[Come | Said | None]) -> AsyncIterator[Piece]:
    piece: list[Come | Said] = []
    for number, come in enumerate(items, 1):
        if come is not None:
            piece.append(come)
        if number % PIECE == 0 or come is None:
            yield Piece(piece, sum(each.done() for each in inputs))
            piece = []
    yield Piece(piece, sum(each.done() for each in inputs))


def _said(inputs: Sequence[Input], since: float, refusals: Refusals) -> Iterator[Come | Said]:
    """Yields events and facts, one file after the other. What has the time of tomorrow counts as of now.

    Of facts also those before `since` count: what is usual shows in the complaints of weeks.
    """
    now = time.time()
    for source in inputs:
        for line in lines(source):
            if line.isspace():
                continue
            try:
                said = _read(line, datetime.fromtimestamp(now, UTC))
            except Undecodable as error:
                refusals.add(f"{printable(source.name)} line {source.at.line}", error.reason, error.detail)
                continue
            if isinstance(said, Fact):
                yield Said(said, min(said.time.timestamp(), now))
            elif said.time.timestamp() >= since:
                yield Come(said, now)


def _read(line: str, now: datetime) -> ProductEvent | Fact:
    """Returns the event or fact of a line. Bytes that are no text stand in it as lone surrogates, and become the bytes that they were."""
    value = line.strip().encode(errors="surrogateescape")
    event = read_event(value, (), now)
    fact = read_fact(value, (), now, FACTS) if event.type in FACTS else None
    return event if fact is None else fact
