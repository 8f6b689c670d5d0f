"""An incident's life: calm → open → calm. A pure step from one judged window to the next, with what it decides."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from services.monitor.aggregates.counts import Counts
from services.monitor.detectors.signal import Signal
from services.monitor.rules.components import ComponentRule
from services.monitor.rules.incidents import IncidentRule
from services.monitor.windows.window import Beginning
from shared.events import identity

GREW = 2.0  # an open incident is said to have grown each time its failing customers have doubled
STILL_FAILING = 300.0  # seconds of event time after which an incident that still fails says so again
BEHIND = 60.0  # seconds; above that it is said how things were, not how they are


class Status(StrEnum):
    """How an incident stands."""

    CANDIDATE = "candidate"  # complaints rise, and nobody is told before a person says so
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # open, and a person has it
    MERGED = "merged"  # a person says that it is the same trouble as another, with which it ends
    RESOLVED = "resolved"  # events show its end, or a person says so
    WITHDRAWN = "withdrawn"  # no rule judges it any more; whether the trouble is over is not known
    DISMISSED = "dismissed"  # a person says it was a false alarm


# What an incident may become. Detection, timers and people all move its row by this table, in `changing.py`.
MOVES: dict[Status, frozenset[Status]] = {
    Status.CANDIDATE: frozenset({Status.OPEN, Status.MERGED, Status.WITHDRAWN, Status.DISMISSED}),
    Status.OPEN: frozenset({Status.ACKNOWLEDGED, Status.MERGED, Status.RESOLVED, Status.WITHDRAWN, Status.DISMISSED}),
    Status.ACKNOWLEDGED: frozenset({Status.MERGED, Status.RESOLVED, Status.WITHDRAWN, Status.DISMISSED}),
    Status.MERGED: frozenset({Status.RESOLVED, Status.WITHDRAWN, Status.DISMISSED}),
    Status.RESOLVED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.DISMISSED: frozenset(),
}
ENDS = frozenset(status for status, moves in MOVES.items() if not moves)


def before(status: Status) -> list[Status]:
    """Returns what an incident may be that becomes this."""
    return [each for each, moves in MOVES.items() if status in moves]


class State(msgspec.Struct, frozen=True, rename={"grown_to": "said"}):
    """One rule and component between two windows: what its windows have shown so far. Times are seconds of event time since the epoch.

    It is stored under these names, but for one that was renamed. Whether the incident is open, its row says.
    """

    judged_to: int = 0  # the last bucket judged
    settled_to: int = 0  # the window that opened the last incident, or the bucket it ended in: what came up to it decides nothing more
    incident_id: str | None = None  # of the open incident
    calm_since: int | None = None  # the first calm window, moved on by the time in which windows were unclear
    calm_to: int = 0  # the last calm window
    failing_to: float = 0.0  # the end of the last failing window
    grown_to: int = 0  # failing customers when an update last said that the incident had grown
    seen_from: int = 0  # the first bucket there ever was, noted where a rule looks at shorter windows, too; else 0


@dataclass(frozen=True, slots=True)
class Judged:
    """One window and what it means."""

    end: int  # its last bucket
    until: float  # the event time at which it is over
    counts: Counts
    signal: Signal
    beginning: Beginning | None = None  # of its trouble; asked for where an incident may open


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident as its row has it: the truth about how it stands, for detection, timers and people alike."""

    id: str
    rule: str
    component: str
    severity: str
    symptom: str
    title: str
    status: str  # a Status; a later version may know more of them
    started_at: datetime  # event time of the first bad event
    opened_at: datetime  # when monitor found it, on the database's clock
    revision: int  # counts the facts about it
    affected: int  # customers it touches
    behind_seconds: float  # how far behind monitor read when the last fact was said
    failing_at: datetime | None  # the end of the last failing window, as last said
    silent_since: datetime | None  # event time of the component's last event, while it is silent
    ended_at: datetime | None  # event time when events showed it; else the moment it was withdrawn or a person ended it
    ended_by: str | None  # the person who ended it
    note: str  # that person's words
    why: dict[str, Any]  # the figures that opened, changed or resolved it
    likely: int = 0  # of the customers it touches, those of whom nothing has failed
    shadow: bool = False  # of a rule on trial: nobody is told of it
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None  # the person who has it
    severity_by: str | None = None  # the person who set its severity; None: its rule says it
    public: dict[str, Any] | None = None  # the latest update for customers
    merged_into: str | None = None  # the incident that this one is the same trouble as
    split_from: str | None = None  # the incident that a person took its customers from: no rule judges this one

    @property
    def open(self) -> bool:
        """Says whether it is judged by itself: one that was merged is not."""
        return self.status not in ENDS and self.status != Status.MERGED


@dataclass(frozen=True, slots=True)
class Opened:
    incident_id: str
    started_at: float
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grew:
    incident_id: str
    customers: int
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """What keeps the incident open is something else now."""

    incident_id: str
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    incident_id: str
    resolved_at: float
    failing_to: float  # the end of its last failing window
    why: dict[str, Any]


Decision = Opened | Grew | Changed | Resolved


def incident_id(rule: ComponentRule, component: str, began: int) -> str:
    """The same trouble has the same id, whoever finds it and however often. `began`: the bucket where it began."""
    return identity("incident", rule.id, component, began)


def step(rule: ComponentRule, component: str, state: State, window: Judged) -> tuple[State, Decision | None]:
    """Decides what one more window means. Windows may be judged again when late events have changed them."""
    state = replace(state, judged_to=max(state.judged_to, window.end))
    if window.end <= state.settled_to:
        return state, None
    if state.incident_id is None:
        return _when_calm(rule, component, state, window)
    return _when_open(rule, state, state.incident_id, window)


def _when_calm(rule: ComponentRule, component: str, state: State, window: Judged) -> tuple[State, Decision | None]:
    if not window.signal.failing or window.beginning is None:
        return state, None
    bucket, started_at = window.beginning
    opened = Opened(incident_id(rule, component, bucket), started_at, window.signal.why)
    opening = replace(over(state, window.end), incident_id=opened.incident_id, failing_to=window.until, grown_to=window.counts.customers)
    return opening, opened


def _when_open(rule: ComponentRule, state: State, incident: str, window: Judged) -> tuple[State, Decision | None]:
    signal, customers = window.signal, window.counts.customers
    if signal.unclear:  # no evidence: calm neither goes on nor breaks off
        return state, None
    if not signal.calm:
        failing_to = max(state.failing_to, window.until) if signal.failing else state.failing_to
        state = replace(state, calm_since=None, failing_to=failing_to)
        if customers < GREW * max(state.grown_to, 1):
            return state, None
        return replace(state, grown_to=customers), Grew(incident, customers, signal.why)
    calm_since = _calm_since(rule, state, window.end)
    if window.end - calm_since < rule.resolve.calm.total_seconds():
        return replace(state, calm_since=calm_since, calm_to=max(state.calm_to, window.end)), None
    return over(state, window.end), Resolved(incident, float(window.end), state.failing_to, signal.why)


def _calm_since(rule: ComponentRule, state: State, end: int) -> int:
    """Returns since when it would be calm, had no window since then been unclear.

    An unclear stretch adds nothing to the calm; when it was longer than a window, nothing is left of the evidence
    before it, and the calm begins anew. Where silence is calm nothing is unclear, and of a silence only some windows are judged.
    """
    if not rule.evidence and state.calm_since is not None:
        return state.calm_since
    unclear = max(end - state.calm_to - rule.width, 0)
    if state.calm_since is None or unclear > rule.counting.shortest:
        return end
    return state.calm_since + unclear


def ended(state: State, ended_at: datetime, rule: ComponentRule) -> State:
    """Returns the state after somebody else ended its incident: only what comes after that bucket may open another."""
    settled_to = int(ended_at.timestamp()) // rule.width * rule.width
    return over(state, max(state.settled_to, settled_to))


def over(state: State, settled_to: int) -> State:
    """Returns the state that nothing is left in but how far it was judged and settled, and since when its component is known."""
    return State(state.judged_to, settled_to, seen_from=state.seen_from)


def news(row: IncidentRow, failing_to: float, behind: float, *, heard: bool) -> str | None:
    """Returns why an open incident says `updated` although it did not grow; None when it has nothing to say.

    `failing_to`: the end of its last failing window; `behind`: how far behind monitor reads, in seconds; `heard`:
    whether its component spoke since the last save.
    """
    said = row.failing_at.timestamp() if row.failing_at else 0.0
    if row.silent_since is not None and heard:
        return "it speaks again"
    if row.behind_seconds > BEHIND >= behind:
        return "monitor has caught up"
    if failing_to - said >= STILL_FAILING:
        return "it still fails"
    return None


def silent_since(rule: IncidentRule, heard_at: datetime, spoke_at: datetime, read_to: datetime) -> datetime | None:
    """Returns since when the component says nothing; None while it may just be quiet, or monitor has not read that far.

    `heard_at`: when its last event was counted, on our clock; `spoke_at`: that event's own time; `read_to`: everything
    that was there at that moment has been judged.
    """
    return spoke_at if rule.silent is not None and read_to - heard_at > rule.silent else None


def behind_seconds(now: datetime, watermark: datetime) -> float:
    """Returns how far behind the present is what is judged; 0 when its clock is ahead of ours."""
    return max((now - watermark) / timedelta(seconds=1), 0.0)


def moment(seconds: float) -> datetime:
    """Returns event time as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)
