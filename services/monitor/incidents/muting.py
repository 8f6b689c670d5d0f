"""What keeps trouble from opening an incident: maintenance, the incident of what it hangs on, or one of its own that it joins. Pure.

Only the opening is muted: windows are judged and incidents end as ever, and one that was open before stays open. What came while trouble
was muted opens nothing afterwards either, only trouble that goes on does. It goes by event time: who reads late mutes the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.life import Decision, IncidentRow, Opened, moment
from services.monitor.rules.incidents import IncidentRule

Key = tuple[str, str]  # rule, component


class By(StrEnum):
    """What mutes."""

    MAINTENANCE = "maintenance"
    PARENT = "parent"  # an open incident of a component that this one hangs on, by catalog.yml


@dataclass(frozen=True, slots=True)
class Muting:
    """What mutes, by its id."""

    by: By
    id: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """A period of maintenance, and its components; none: all."""

    maintenance_id: str
    starts_at: datetime
    ends_at: datetime
    components: frozenset[str]

    def is_of(self, component: str) -> bool:
        return not self.components or component in self.components


@dataclass(frozen=True, slots=True)
class Nearby:
    """An incident of a component, or of one that it hangs on: as much of it as must be known to say what it mutes."""

    id: str
    rule: str
    component: str
    started_at: datetime  # event time
    ended_at: datetime | None  # None while it is open
    shadow: bool
    merged: bool = False  # into another, of whatever component; nothing joins it
    joined: frozenset[str] = frozenset()  # the rules that find it, where there are several

    def covers(self, at: datetime) -> bool:
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Trouble of a component that would open an incident."""

    rule: str
    component: str
    at: datetime  # event time: when it is seen


@dataclass(frozen=True, slots=True)
class Muted:
    """Trouble that opened no incident, and what it would have said."""

    by: Muting
    rule: str
    component: str
    severity: str
    title: str
    started_at: datetime  # event time of the first bad event
    at: datetime  # event time: when it was seen
    why: Mapping[str, Any]
    shadow: bool  # of a rule on trial

    @classmethod
    def of(cls, by: Muting, rule: IncidentRule, opened: Opened, trouble: Trouble) -> "Muted":
        title = rule.title.format(component=trouble.component)
        return cls(by, rule.id, trouble.component, rule.severity, title, moment(opened.started_at), trouble.at, opened.why, rule.shadow)


@dataclass(frozen=True, slots=True)
class Mutes:
    """All that may mute trouble of some components, and the incidents that it may join.

    `parents`: what each component hangs on. `grouping`: how long after its beginning an incident may be joined.
    """

    periods: Sequence[Quiet] = ()
    incidents: list[Nearby] = field(default_factory=list)
    parents: Mapping[str, Collection[str]] = field(default_factory=dict)
    grouping: timedelta = timedelta()
    rising: Mapping[str, datetime] = field(default_factory=dict)  # the components of which complaints rise, and since when

    def of(self, trouble: Trouble) -> Muting | None:
        """Returns what mutes this trouble; None when it opens an incident.

        Trouble whose own incident is known already is that incident: read again, it opens nothing, and what mutes it now came later.
        """
        own = (each for each in self._there(trouble.at) if each.component == trouble.component)
        if any(trouble.rule == each.rule or trouble.rule in each.joined for each in own):
            return None
        return next((muting for rule in RULES if (muting := rule(self, trouble)) is not None), None)

    def learn(self, decision: Decision | Joined | None, rule: str, row: IncidentRow | None) -> None:
        """Takes note of what a rule has opened or joined since this was read, so that what is judged after it knows that."""
        match decision:
            case Opened() if row is not None and row.open:
                self.incidents.append(Nearby(row.id, row.rule, row.component, row.started_at, None, row.shadow))
            case Joined(incident_id=incident_id):
                known = [replace(each, joined=each.joined | {each.rule, rule}) for each in self.incidents if each.id == incident_id]
                self.incidents[:] = [each for each in self.incidents if each.id != incident_id] + known

    def home_of(self, trouble: Trouble) -> str | None:
        """Returns the incident that this trouble joins, since another rule has found it in the same component shortly before; or None.

        Whoever has joined an incident belongs to it for as long as it is open.
        """
        if not self.grouping:
            return None
        there = sorted(
            (each for each in self._there(trouble.at) if not (each.shadow or each.merged)), key=lambda each: (each.started_at, each.id)
        )
        of_it = [each for each in there if each.component == trouble.component]
        joined = (each.id for each in of_it if trouble.rule in each.joined)
        others = (each.id for each in of_it if each.rule != trouble.rule and trouble.at - each.started_at <= self.grouping)
        return next(joined, None) or next(others, None)

    def rises(self, trouble: Trouble) -> bool:
        """Says whether customers complain of the component more than usual, at that time."""
        since = self.rising.get(trouble.component)
        return since is not None and since <= trouble.at

    def over_since(self, component: str, at: datetime) -> datetime | None:
        """Returns when something that muted trouble of the component has ended last, up to this moment; None when nothing did."""
        ended = [each.ends_at for each in self.periods if each.is_of(component) and each.ends_at <= at]
        ended += [each.ended_at for each in self.above(component) if each.ended_at is not None and each.ended_at <= at]
        return max(ended, default=None)

    def above(self, component: str) -> Iterable[Nearby]:
        """Yields the incidents of what the component hangs on. Of a trial nobody is told, so it mutes nothing."""
        parents = self.parents.get(component, ())
        return (each for each in self.incidents if each.component in parents and not each.shadow)

    def _there(self, at: datetime) -> Iterable[Nearby]:
        return (each for each in self.incidents if each.covers(at))


def _by_maintenance(mutes: Mutes, trouble: Trouble) -> Muting | None:
    running = (each for each in mutes.periods if each.is_of(trouble.component) and each.starts_at <= trouble.at < each.ends_at)
    found = next(running, None)
    return None if found is None else Muting(By.MAINTENANCE, found.maintenance_id)


def _by_parent(mutes: Mutes, trouble: Trouble) -> Muting | None:
    """One hop: a parent's own trouble that is muted mutes nothing, for it is no incident."""
    found = (each for each in mutes.above(trouble.component) if each.covers(trouble.at))
    first = min(found, key=lambda each: (each.started_at, each.id), default=None)
    return None if first is None else Muting(By.PARENT, first.id)


RULES = (_by_maintenance, _by_parent)  # the first that mutes names the reason


def parents_first(keys: Iterable[Key], parents: Mapping[str, Collection[str]]) -> list[Key]:
    """Returns what is judged at one moment in the order in which it is: what hangs on another after that, so that its incident is known."""
    return sorted(keys, key=lambda key: _depth(key[1], parents))


def _depth(component: str, parents: Mapping[str, Collection[str]]) -> int:
    """Returns how many components stand above one another over this one. No component hangs on itself: catalog.yml says so."""
    return max((_depth(parent, parents) + 1 for parent in parents.get(component, ())), default=0)
