"""The fold's counts are cut into messages (partials) that every broker takes. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from services.monitor.aggregates.counts import Asks
from services.monitor.aggregates.sketch import Sketch
from shared.events import Bucket, FoldedAlert, FoldedSeries

F = TypeVar("F", FoldedSeries, FoldedAlert)

LARGEST = 512 << 10  # bytes of one message's data: half of what a reader takes
IN_ONE = 4000  # buckets of one series in one message: at most some 300 kB
SKETCHED = 10  # of those with a sketch, which has at most some 40 kB
NAMES = len('{"rule":,"component":,"partition":,"watermark":,"buckets":,"fingerprint":,"numbers":},')

NO_SKETCHES: Mapping[int, Sketch] = {}

_encode = msgspec.json.encode


def series(
    of: Asks, component: str, partition: int, watermark: float, buckets: Sequence[Bucket], sketches: Mapping[int, Sketch] = NO_SKETCHES
) -> Iterator[FoldedSeries]:
    """Yields what one partition saw of a component, in order of time, in pieces of at most `IN_ONE` buckets. `sketches`: by bucket.

    Time has come no further than what is told: a window must not be judged before its buckets are there.
    """
    buckets, in_one = sorted(buckets), SKETCHED if sketches else IN_ONE
    for at in range(0, max(len(buckets), 1), in_one):
        piece, following = buckets[at : at + in_one], buckets[at + in_one : at + in_one + 1]
        told = min(watermark, following[0][0] - 0.001) if following else watermark
        yield FoldedSeries(
            rule=of.id,
            component=component,
            partition=partition,
            watermark=told,
            buckets=tuple(piece),
            fingerprint=of.counting.fingerprint,
            numbers=tuple((start, tuple(sketches[start].items())) for start, *_ in piece if start in sketches),
        )


def size(of: FoldedSeries) -> int:
    """Returns how many bytes its JSON has."""
    return NAMES + len(_encode((of.rule, of.component, of.partition, of.watermark, of.buckets, of.fingerprint, of.numbers)))


def size_of_alert(alert: FoldedAlert) -> int:
    """Returns how many bytes its JSON has, with the comma."""
    return len(alert.model_dump_json().encode()) + 1


def messages(folded: Iterable[F], size: Callable[[F], int]) -> Iterator[tuple[F, ...]]:
    """Yields the series, or the alerts, in order, as many in each message as have room."""
    piece: list[F] = []
    room = LARGEST
    for each in folded:
        needs = size(each)
        if piece and needs > room:
            yield tuple(piece)
            piece, room = [], LARGEST
        piece.append(each)
        room -= needs
    if piece:
        yield tuple(piece)
