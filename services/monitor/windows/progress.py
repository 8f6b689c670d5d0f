"""A probe finds how far monitor reads: the moment up to which everything that its topics held has been judged. Pure.

Event time does not tell: where nothing is said it stands still, and one partition may be hours ahead of another. So a
probe notes where the product events end, waits until all of that is folded, until what the fold said is published, and
until all of those partials are judged. When it has come through, everything that was there at its beginning has been
judged, whichever instances did the work.

An event that is forwarded to the partition of its key is read a second time, at an offset beyond the noted ends. When any was
forwarded meanwhile, the probe notes the ends once more: then the forwarded events stand before them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

Offsets = Mapping[int, int]  # partition → offset


@dataclass(frozen=True, slots=True)
class Probe:
    """One search for how far monitor reads. Fields are added at the end, with a default: what older versions stored lacks them."""

    asked_at: datetime
    events: dict[int, int] | None  # where each partition of the product events ended; None: to be noted again at the next look
    folded_at: datetime | None = None  # when all of them had been folded
    published: bool = False  # whether all that the fold had said by then is published
    partials: dict[int, int] | None = None  # where each partition of the partials ended after that
    forwarded: int | None = None  # events forwarded before the ends were asked for; None: those that were are waited for


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the topics and the database. The topics' ends were asked for at `asked_at`, the rest a moment later."""

    asked_at: datetime
    events: dict[int, int]  # the ends of the product events; partitions without anything unread may be left out
    partials: dict[int, int]
    folded: Offsets  # how far they are committed
    judged: Offsets
    now: datetime
    oldest_unsent: datetime | None  # since when the oldest message in the outbox waits
    forwarded_before: int = 0  # events forwarded to another partition, before the topics' ends were asked for
    forwarded: int = 0  # and by now


def advance(probe: Probe | None, look: Look) -> tuple[Probe | None, datetime | None]:
    """Returns the probe after one more look, and how far monitor reads when the probe has come through."""
    if probe is None:
        asked_at = min(look.asked_at, look.oldest_unsent or look.asked_at)  # events that came by HTTP may wait there
        probe = Probe(asked_at, look.events, forwarded=look.forwarded_before)
    if probe.folded_at is None:
        probe = _folded(probe, look)
        if probe.folded_at is None:
            return probe, None
    elif probe.published and probe.partials is None:  # the ends were asked for after that
        probe = replace(probe, partials=look.partials)
    if probe.partials is not None:
        return (None, probe.asked_at) if _passed(look.judged, probe.partials) else (probe, None)
    assert probe.folded_at is not None  # noqa: S101  narrowing
    published = look.oldest_unsent is None or look.oldest_unsent > probe.folded_at
    return replace(probe, published=probe.published or published), None


def _folded(probe: Probe, look: Look) -> Probe:
    """Returns the probe while it waits until all is folded: what was there when it began, and the part of that which was forwarded."""
    if probe.events is None:
        probe = replace(probe, events=look.events)
    if not _passed(look.folded, probe.events or {}):
        return probe
    if probe.forwarded is not None and look.forwarded != probe.forwarded:
        return replace(probe, events=None, forwarded=None)
    return replace(probe, folded_at=look.now)


def _passed(committed: Offsets, ends: Offsets) -> bool:
    return all(committed.get(partition, 0) >= end for partition, end in ends.items())
