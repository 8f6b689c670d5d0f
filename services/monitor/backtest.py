"""A backtest: what rules find in events of the past, by the code that judges them live, and by event time alone. Pure.

Live, a checkpoint comes some tenths of a second after the last one, and judges what was read by then; a window that is still
filling is judged at each of them. So an answer belongs to its checkpoints: with those of a live run it is that of the live run, to the last
customer. `Backtest.follow` sets them by the events' own time, so that the same history has the same answer.

What goes by the wall clock live, expected events that do not come and the risks of single customers, goes by how far event time has come.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from services.monitor.aggregates.counts import rule_of
from services.monitor.fold.naming import Naming
from services.monitor.fold.partition import COMPONENTS, Account, Partition
from services.monitor.fold.reports import Reports, hold, shard_of
from services.monitor.incidents import alerts
from services.monitor.incidents.alerts import Alerts
from services.monitor.incidents.expecting import Expecting
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.impact import Certainty, Search
from services.monitor.incidents.judging import come_to, first_to_judge, kept_from, let_go, steps
from services.monitor.incidents.known import Known, RecentIncident
from services.monitor.incidents.life import Decision, Opened, Resolved, State, moment
from services.monitor.incidents.waiting import Waiting, due_at
from services.monitor.risk.life import RiskRow
from services.monitor.risk.walking import Walking
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.alert import AlertRule
from services.monitor.rules.components import ComponentRule
from services.monitor.rules.file import RulesFile
from services.monitor.windows.strangers import Strangers
from services.monitor.windows.window import Window
from shared.events import FoldedAlert, FoldedSeries, ProductEvent

FINELY = 0.1  # seconds of event time between two checkpoints: live, they are no closer, but where an incident opens or ends
AT_ONCE = 5_000  # events after which a checkpoint comes, although time stands still
ALL = ""  # the one shard of all components
AGED = 1.0  # seconds of event time between two looks for what is old

Key = tuple[str, str]  # rule, component


class Come(NamedTuple):
    """One event of the past, in the order in which it was read."""

    event: ProductEvent
    at: float  # when it came, seconds since the epoch: an event from later has a clock that was ahead
    partition: int = 0  # of the topic; of a file there is one


@dataclass(slots=True)
class Touched:
    """The evidence that an incident touches one customer. Times are event time, seconds since the epoch."""

    first: float
    last: float
    count: int  # bad events; of a likely one events
    certainty: Certainty = "confirmed"


@dataclass(slots=True)
class Found:
    """One incident that the rules find. Times are event time, seconds since the epoch."""

    id: str
    rule: str
    component: str
    started_at: float  # of the first bad event
    opened_at: float  # how far time had come when it was found
    why: Mapping[str, Any]  # the figures that opened it
    ended_at: float | None = None  # None: it was still open when the history ended
    customers: dict[str, Touched] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """Returns how many notifications it would be: one that it opened to each customer it touches, and one of its end."""
        return len(self.customers) * (1 if self.ended_at is None else 2)


@dataclass(slots=True)
class Series:
    """One rule and component: the merged window or the alerts, and the state of its incident."""

    window: Window = field(default_factory=Window)
    state: State = field(default_factory=State)
    alerts: Alerts = field(default_factory=Alerts)

    @property
    def incident_id(self) -> str | None:
        return self.state.incident_id or self.alerts.incident_id


class Backtest:
    """The rules on their way through the past. It remembers what live does, and every incident that it found."""

    def __init__(self, rules: RulesFile, named: frozenset[str] = frozenset(), partitions: int = 1, components: int = COMPONENTS) -> None:
        """`named`: the components of the catalog. `partitions`: of the topic. `components`: the limit of a rule in each of them."""
        horizon = rules.horizon.total_seconds()
        self._rules = {rule.id: rule for rule in rules.components if isinstance(rule, ComponentRule)}
        self._on_alerts = {rule.id: rule for rule in rules.components if isinstance(rule, AlertRule)}
        self._only, self._horizon = {component for rule in rules.components for component in rule.only}, horizon
        asks = [each for rule in rules.components for each in rule.asks]
        self._partitions = {number: Partition(asks, horizon, components, named, rules.customers) for number in range(partitions)}
        self._expecting = Expecting({rule.id: rule for rule in rules.components if isinstance(rule, AbsenceRule)}, named)
        self._walking = Walking(rules, self._partitions)
        self._naming = Naming(self._partitions)
        self._search, self._reports, self._series = Search(), Reports(), dict[Key, Series]()
        self._strangers = Strangers({rule.id: named | set(rule.only) for rule in rules.components}, components)
        self._waiting: Waiting[Key] = Waiting()
        self._found: dict[str, Found] = {}
        self._known, self._changed = Known(), dict[str, Found]()  # and the incidents that opened or ended since the last checkpoint
        self._batches: dict[int, list[ProductEvent]] = {}
        self._arrived = 0.0  # when the latest event came
        self._judged = self._aged = 0.0  # event time of the last checkpoint, and when we last forgot
        self._waits = 0  # events since the last checkpoint

    @property
    def incidents(self) -> list[Found]:
        """Returns all incidents so far, in the order in which they were found."""
        return list(self._found.values())

    @property
    def risks(self) -> list[RiskRow]:
        """Returns all risks of single customers so far as they stand now, in the order in which they were raised."""
        return list(self._walking.found.values())

    @property
    def components(self) -> frozenset[str]:
        """Returns the components that a rule looks at now: those that it named, and those that it met and has not forgotten."""
        return frozenset(self._only | {component for _, component in self._series})

    @property
    def account(self) -> Account:
        """Returns what became of the events, over all partitions."""
        accounts = [partition.account for partition in self._partitions.values()]
        names = Account.__slots__
        return Account(**{name: sum(getattr(each, name) for each in accounts) for name in names})

    # ── events come ──────────────────────────────────────────────────────────────────────────

    def follow(self, history: Iterable[Come], every: float = FINELY) -> None:
        """Takes events in the order in which they were read, with a checkpoint whenever time has come on by so many seconds.

        A history may be taken piece by piece; `end` follows the last.
        """
        for event, arrived, partition in history:
            at = min(event.time.timestamp(), arrived)
            if at >= self._judged + every or self._waits >= AT_ONCE:
                self.end()
                self._judged, self._waits = max(self._judged, at // every * every), 0
            self._arrived = max(self._arrived, arrived)
            if self._naming.any:
                event, partition = self._naming.place(event, partition)  # noqa: PLW2901
            self._batches.setdefault(partition, []).append(event)
            self._waits += 1

    def end(self) -> None:
        """Judges all that has come so far."""
        self._fold_batches()
        self.checkpoint()

    def _fold_batches(self) -> None:
        for partition, events in self._batches.items():
            self.take(events, self._arrived, partition)
        self._batches = {}

    def take(self, events: list[ProductEvent], now: float, partition: int = 0) -> None:
        """Counts events of one partition. `now`: the clock when they came, seconds since the epoch."""
        self._partitions[partition].fold(events, now)

    def checkpoint(self) -> None:
        """Judges what has come. As live, the next checkpoint follows at once when an incident opened or ended.

        What is old is forgotten after that: an incident must have found its customers, however far time has come since the last checkpoint.
        """
        while self._judge():
            pass
        self._age(self._clock)

    def _judge(self) -> bool:
        """Finds whom the incidents touch, then judges the windows; says whether an incident opened or ended."""
        self._bring_over()
        clock = self._clock
        moved = self._open_overdue(clock)
        changed, self._changed = [_recent(each) for each in self._changed.values()], {}
        known, said = self._known, self._known.take(changed, moment(max(clock - self._horizon, 0.0)))
        hold(self._partitions, said.waits, said.rests)
        for incident in self._search.touching(self._partitions, known, said):
            self._touch(incident)
        waits = any(known.shards.values())
        clocks = self._reports.clocks(self._partitions, anew=bool(said.waits)) if waits else []
        moved |= self._detect(self._reports.series(self._partitions, known.waiting), clocks, clock)
        moved |= self._hear([alert for partition in self._partitions.values() for alert in partition.alerts.take_told()], clock)
        self._walking.judge(clock)
        self._take_changes()
        return moved

    def _bring_over(self) -> None:
        """Learns names of customers; a name is touched by no open incident any more, and at no risk, since its customer will be."""
        for name, view, component in self._naming.settle():
            for incident in self._known.of.get((rule_of(view.rpartition("@")[0]), component), {}):
                if self._found[incident].ended_at is None:
                    self._found[incident].customers.pop(name, None)
        self._walking.renamed(self._naming.learned, self._clock)

    def _touch(self, incident: RecentIncident) -> None:
        customers = self._found[incident.id].customers
        for customer, (tally, certainty) in dict(self._search.affected(self._partitions, incident)).items():
            known = customers.setdefault(customer, Touched(tally.first, tally.last, tally.count, certainty))
            known.last, known.count = max(known.last, tally.last), max(known.count, tally.count)
            if certainty == "confirmed":
                known.certainty = certainty

    # ── windows are judged ───────────────────────────────────────────────────────────────────

    def _detect(self, reports: Iterable[FoldedSeries], clocks: Sequence[tuple[int, float]], clock: float) -> bool:
        since: dict[Key, int] = {}
        moved = []
        for report in reports:
            if report.rule not in self._rules:  # it is on absence
                moved.append(self._come(report, clock))
                continue
            key, watermark = (report.rule, report.component), report.watermark
            series, rule = self._series.setdefault(key, Series()), self._rules[report.rule]
            kept = kept_from(rule, series.state, self._horizon)
            changed = series.window.merge(report.partition, watermark, report.buckets, kept, report.numbers)
            first = first_to_judge(rule, series.state, changed, kept, watermark)
            since[key] = min(since.get(key, first), first)
            self._strangers.hear(key, shard_of(report.component), report.partition, watermark, clock)
        for partition, come in clocks:
            self._strangers.come(partition, come, clock)
        reached = max((come for _, come in clocks), default=0.0)
        for key in self._waiting.take_due(ALL, reached):
            rule, series = self._rules[key[0]], self._series[key]
            first = come_to(rule, series.state, series.window, reached, self._horizon)
            since[key] = min(since.get(key, first), first)
        moved += [self._step_through(key, first, clock) for key, first in since.items()]
        return any(moved)

    # ── expected events come, or do not ──────────────────────────────────────────────────────

    def _open_overdue(self, clock: float) -> bool:
        """Opens an incident for each expected event that is overdue before what came now is heard; says whether there was one."""
        missed = list(self._expecting.overdue(clock)) if clock else []  # before the first event no time has passed
        for key, each in missed:
            found = Found(each.incident_id, *key, each.due_at, each.opened_at, each.why)
            self._found[found.id] = self._changed[found.id] = found
        return bool(missed)

    def _come(self, report: FoldedSeries, clock: float) -> bool:
        """Notes that an expected event came; says whether that ended an incident."""
        ends = self._expecting.hear((report.rule, report.component), clock, min(report.watermark, clock)) if report.buckets else None
        if ends is not None:
            found = self._changed[ends] = self._found[ends]
            found.ended_at = clock
        return ends is not None

    def _step_through(self, key: Key, since: int, clock: float) -> bool:
        (name, component), series, moved = key, self._series[key], False
        rule = self._rules[name]
        for one in steps(rule, component, series.window, series.state, since):
            series.state = one.state
            moved |= self._apply(key, one.decision, clock)
        let_go(rule, series.state, series.window, self._horizon)
        self._waiting.plan(ALL, key, due_at(rule, series.state, series.window))
        return moved

    def _hear(self, told: Iterable[FoldedAlert], clock: float) -> bool:
        """Has each alert decide about its incident; says whether one opened or ended."""
        moved = False
        for alert in told:
            key, now = (alert.rule, alert.component), max(clock, self._arrived)
            series = self._series.setdefault(key, Series())
            series.alerts, decision = alerts.step(self._on_alerts[alert.rule], alert.component, series.alerts, alert, now)
            self._strangers.touch(key, shard_of(alert.component), now)
            moved |= self._apply(key, decision, clock)
        return moved

    def _apply(self, key: Key, decision: Decision | Joined | None, clock: float) -> bool:
        match decision:
            case Opened():
                found = Found(decision.incident_id, *key, decision.started_at, clock, decision.why)
                self._found[found.id] = self._changed[found.id] = found
            case Resolved():
                found = self._changed[decision.incident_id] = self._found[decision.incident_id]
                found.ended_at = decision.resolved_at
            case _:
                return False
        return True

    # ── what is old is let go ────────────────────────────────────────────────────────────────

    @property
    def _clock(self) -> float:
        """Returns how far time has come."""
        return max(partition.clock for partition in self._partitions.values())

    def _take_changes(self) -> None:
        """Does what storing a checkpoint does: what has changed until now counts as told."""
        for partition in self._partitions.values():
            for watch in partition.watches.values():
                watch.buckets.take_changes(partition.clock)
                watch.tallies.take_changes()

    def _age(self, clock: float) -> None:
        """Now and then forgets what live forgets: memory does not grow with the length of the history."""
        if clock < self._aged + AGED:
            return
        self._aged = clock
        for partition in self._partitions.values():
            _age(partition)
        for key in self._strangers.forget_quiet(clock):
            if self._series[key].incident_id is None:
                del self._series[key]
            else:
                self._strangers.keep(key, shard_of(key[1]), clock)


def _age(partition: Partition) -> None:
    """Does what storing a checkpoint does beside storing."""
    for watch in partition.watches.values():
        watch.buckets.forget(partition.clock)
        watch.turn(partition.clock, partition.clock)
        watch.forget_strangers(partition.clock)
        watch.components.unsaved()
        watch.refused = 0
    partition.seen.fresh(partition.clock)
    for minute in partition.expired():
        partition.forget(minute)


def _recent(found: Found) -> RecentIncident:
    ended = None if found.ended_at is None else moment(found.ended_at)
    return RecentIncident(found.id, found.rule, found.component, moment(found.started_at), ended, moment(found.opened_at))


# ── what it comes to ─────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Day:
    """What one rule found of the incidents that opened on one day, in UTC."""

    incidents: int = 0
    messages: int = 0
    customers: set[str] = field(default_factory=set)  # whom they touch, each once

    def add(self, found: Found) -> None:
        self.incidents += 1
        self.messages += found.messages
        self.customers |= found.customers.keys()


def by_day(found: Iterable[Found]) -> dict[tuple[str, date], Day]:
    """Returns what was found by rule and day, in this order."""
    days: dict[tuple[str, date], Day] = {}
    for each in found:
        days.setdefault((each.rule, moment(each.opened_at).date()), Day()).add(each)
    return dict(sorted(days.items()))


@dataclass(frozen=True, slots=True)
class Difference:
    """The incidents that two sets of rules find in the same history, those of one rule and component that overlap in time as a pair."""

    both: tuple[tuple[Found, Found], ...]
    only_before: tuple[Found, ...]
    only_after: tuple[Found, ...]


def difference(before: Sequence[Found], after: Sequence[Found]) -> Difference:
    """Pairs each incident of a rule with the first of the same rule and component that overlaps it in time."""
    rest, both, only_before = list(after), [], []
    for each in before:
        same = next((other for other in rest if _overlap(each, other)), None)
        if same is None:
            only_before.append(each)
        else:
            rest.remove(same)
            both.append((each, same))
    return Difference(tuple(both), tuple(only_before), tuple(rest))


def _overlap(one: Found, other: Found) -> bool:
    if (one.rule, one.component) != (other.rule, other.component):
        return False
    return one.started_at <= (other.ended_at or math.inf) and other.started_at <= (one.ended_at or math.inf)
