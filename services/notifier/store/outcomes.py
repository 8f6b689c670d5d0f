"""What became of what each channel was given, counted by minute: who looks at a channel reads a few counts, and no ledger."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

WAITING_AT_MOST = 10_000  # so many are counted of what waits, as the query says


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of what one channel was given within some time; of no channel: what was decided before."""

    sent: int = 0  # tries that began
    unknown: int = 0  # tries of which it is not known whether they arrived
    accepted: int = 0
    failed: dict[str, int] = field(default_factory=dict)  # by reason
    suppressed: dict[str, int] = field(default_factory=dict)
    bounced: dict[str, int] = field(default_factory=dict)  # by what was said
    complained: int = 0


@dataclass(frozen=True, slots=True)
class Hour:
    """What one channel did in one hour."""

    at: datetime
    sent: int = 0
    accepted: int = 0
    failed: int = 0
    bounced: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """All counts, by channel; up to when they were counted."""

    until: datetime | None
    hour: dict[str, Figures]
    day: dict[str, Figures]
    hours: dict[str, list[Hour]]  # the earliest first; an hour without anything is left out
    waiting: dict[str, int]


async def count(tx: Tx) -> bool:
    """Counts what happened since it was counted last, of an hour at most; returns whether that was all."""
    row = await tx.fetchrow(queries.counting)
    assert row is not None  # noqa: S101  it selects from an aggregate
    await tx.execute(queries.count_outcomes, row["since"], row["until"])
    return bool(row["is_all"])


async def counted(tx: Tx) -> Counted:
    """Returns the counts of the last day."""
    rows = await tx.fetch(queries.outcome_figures)
    figures: dict[str, dict[str, dict[tuple[str, str], int]]] = {"hour": defaultdict(dict), "day": defaultdict(dict)}
    for row in rows:
        for period, of in figures.items():
            of[row["channel"]][row["outcome"], row["reason"]] = row[period]
    by_hour: dict[str, dict[datetime, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in await tx.fetch(queries.outcome_hours):
        by_hour[row["channel"]][row["at"]][row["outcome"]] = row["notifications"]
    return Counted(
        until=await tx.fetchval(queries.counted_until),
        hour={channel: figures_of(counts) for channel, counts in figures["hour"].items()},
        day={channel: figures_of(counts) for channel, counts in figures["day"].items()},
        hours={channel: [_hour(at, of[at]) for at in sorted(of)] for channel, of in by_hour.items()},
        waiting={row["channel"]: row["notifications"] for row in await tx.fetch(queries.waiting_by_channel)},
    )


def figures_of(counts: dict[tuple[str, str], int]) -> Figures:
    """Returns the figures of counts by outcome and reason; reasons of which there are none are left out. Pure."""

    def all_of(outcome: str) -> int:
        return sum(many for (each, _), many in counts.items() if each == outcome)

    def by_reason(outcome: str) -> dict[str, int]:
        return {reason: many for (each, reason), many in sorted(counts.items()) if each == outcome and many}

    return Figures(
        sent=all_of("sent"),
        unknown=all_of("unknown"),
        accepted=all_of("delivered"),
        failed=by_reason("failed"),
        suppressed=by_reason("suppressed"),
        bounced=by_reason("bounced"),
        complained=all_of("complained"),
    )


def _hour(at: datetime, counts: dict[str, int]) -> Hour:
    return Hour(at, *(counts.get(outcome, 0) for outcome in ("sent", "delivered", "failed", "bounced")))
