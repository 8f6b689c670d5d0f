"""Reads product events from a file of JSON lines: one CloudEvent a line, in the order in which they came."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from deploy.local.mappings.arriving import arriving
from deploy.local.mappings.reading import STANDARD_INPUT, Input, lines, opened
from services.monitor.backtest import Come
from services.monitor.past.pieces import PIECE, Past, Piece, Refusals
from shared.cloudevents import Undecodable, read_event
from shared.events import ProductEvent
from shared.observing.printable import printable


@contextmanager
def past_of(said: str, since: float, refusals: Refusals) -> Iterator[Past]:
    """Opens a file (also .gz, or in a zip; `-` is standard input), without what happened before `since`. Raises Failed or OSError."""
    with opened(said, "utf-8") as inputs:
        sizes = [each.size for each in inputs]
        read = _events(inputs, since, refusals)
        items = arriving(read, None) if said == STANDARD_INPUT else read
        yield Past(_pieces(inputs, items), None if None in sizes else sum(filter(None, sizes)))


async def _pieces(inputs: Sequence[Input], items: Iterator[Come | None]) -> AsyncIterator[Piece]:
    piece: list[Come] = []
    for number, come in enumerate(items, 1):
        if come is not None:
            piece.append(come)
        if number % PIECE == 0 or come is None:
            yield Piece(piece, sum(each.done() for each in inputs))
            piece = []
    yield Piece(piece, sum(each.done() for each in inputs))


def _events(inputs: Sequence[Input], since: float, refusals: Refusals) -> Iterator[Come]:
    """Yields the events, one file after the other. What has the time of tomorrow counts as of now."""
    now = time.time()
    for source in inputs:
        for line in lines(source):
            if line.isspace():
                continue
            try:
                event = _event(line, datetime.fromtimestamp(now, UTC))
            except Undecodable as error:
                refusals.add(f"{printable(source.name)} line {source.at.line}", error.reason, error.detail)
                continue
            if event.time.timestamp() >= since:
                yield Come(event, now)


def _event(line: str, now: datetime) -> ProductEvent:
    """Returns the event of a line. Bytes that are no text stand in it as lone surrogates, and become the bytes that they were."""
    return read_event(line.strip().encode(errors="surrogateescape"), (), now)
