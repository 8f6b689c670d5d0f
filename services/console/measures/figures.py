"""Makes the figures of one incident, or of a period, from what the store counted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.console.measures.registry import Of, measures_of

Figure = int | float | None
Figures = Mapping[str, Figure]  # by the names of the registry, in its order

Pair = Sequence[float | None] | None  # the median and the 95th percentile; None of nothing


@dataclass(frozen=True, slots=True)
class Reach:
    """Holds what is counted of affected customers, each once for each incident."""

    affected: int
    told: int
    told_first: int  # of the told, those who first wrote about it when they had been told, or never did
    wrote: int
    lead_time: float | None  # median, in seconds


@dataclass(frozen=True, slots=True)
class Telling:
    """Says how fast customers were told."""

    most: int | None  # told in one second
    spread: Pair  # seconds from the opening of their incident


@dataclass(frozen=True, slots=True)
class Work:
    """Holds what is counted of tickets."""

    tickets: int
    resolved: int  # once or more often
    reopened: int  # once or more often
    human: Pair
    automatic: Pair
    resolution: Pair


@dataclass(frozen=True, slots=True)
class Alarms:
    """Holds what is counted of incidents."""

    incidents: int
    ended: int
    dismissed: int


def share(part: int, whole: int) -> float | None:
    """Returns the share, from 0 to 1; None of nothing."""
    return part / whole if whole else None


def of_incident(reach: Reach, telling: Telling, work: Work) -> Figures:
    """Returns the figures of one incident."""
    return _in_order({**_reach(reach), **_telling(telling), **_work(work)}, Of.BOTH)


def of_period(alarms: Alarms, reach: Reach, telling: Telling, work: Work) -> Figures:
    """Returns the figures of what was opened in a period."""
    return _in_order({**_alarms(alarms), **_reach(reach), **_telling(telling), **_work(work)}, Of.PERIOD)


def _in_order(figures: Figures, of: Of) -> Figures:
    return {measure.name: figures[measure.name] for measure in measures_of(of)}


def _alarms(alarms: Alarms) -> Figures:
    return {
        "incidents": alarms.incidents,
        "ended": alarms.ended,
        "dismissed": alarms.dismissed,
        "false_alarms": share(alarms.dismissed, alarms.ended),
    }


def _reach(reach: Reach) -> Figures:
    return {
        "affected": reach.affected,
        "told": reach.told,
        "told_first": reach.told_first,
        "wrote": reach.wrote,
        "coverage": share(reach.told_first, reach.affected),
        "complaint_rate": share(reach.wrote, reach.affected),
        "lead_time_p50": reach.lead_time,
    }


def _telling(telling: Telling) -> Figures:
    return {"told_per_second": telling.most, **_pair("telling", telling.spread)}


def _work(work: Work) -> Figures:
    return {
        "tickets": work.tickets,
        **_pair("human_response", work.human),
        **_pair("automatic_response", work.automatic),
        **_pair("resolution", work.resolution),
        "reopen_rate": share(work.reopened, work.resolved),
    }


def _pair(name: str, spread: Pair) -> Figures:
    median, high = spread or (None, None)
    return {f"{name}_p50": median, f"{name}_p95": high}
