"""A backtest: what rules find in events of the past, by the code that judges them live, and by event time alone. Pure.

Live, a checkpoint comes some tenths of a second after the last one, and judges what was read by then; a window that is still
filling is judged at each of them. So an answer belongs to its checkpoints: with those of a live run it is that of the live run, to the last
customer. `Backtest.follow` sets them by the events' own time, so that the same history has the same answer.

What goes by the wall clock live, expected events that do not come and the risks of single customers, goes by how far event time has come.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from services.monitor.aggregates.counts import rule_of
from services.monitor.fold.naming import Naming
from services.monitor.fold.partition import COMPONENTS, Account, Partition
from services.monitor.fold.reports import Reports, hold, shard_of
from services.monitor.incidents import alerts
from services.monitor.incidents import suspecting as tickets
from services.monitor.incidents.alerts import Alerts
from services.monitor.incidents.expecting import Expecting
from services.monitor.incidents.finding import Beside, Findings
from services.monitor.incidents.found import Found
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.impact import Search
from services.monitor.incidents.judging import come_to, first_to_judge, kept_from, let_go, steps
from services.monitor.incidents.known import Known
from services.monitor.incidents.life import Decision, Opened, State, ended, moment
from services.monitor.incidents.muting import Muted, Mutes, Trouble, parents_first
from services.monitor.incidents.suspecting import Suspected
from services.monitor.incidents.waiting import Waiting, due_at
from services.monitor.risk import renewing as renewals
from services.monitor.risk.life import RiskRow
from services.monitor.risk.walking import Walking
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.alert import AlertRule
from services.monitor.rules.components import ComponentRule
from services.monitor.rules.file import RulesFile
from services.monitor.windows.strangers import Strangers
from services.monitor.windows.window import Window
from shared.events import Fact, FoldedAlert, FoldedSeries, ProductEvent

FINELY = 0.1  # seconds of event time between two checkpoints: live, they are no closer, but where an incident opens or ends
AT_ONCE = 5_000  # events after which a checkpoint comes, although time stands still
ALL = ""  # the one shard of all components
AGED = 1.0  # seconds of event time between two looks for what is old

Key = tuple[str, str]  # rule, component
HEARD = (*tickets.HEARD, *renewals.HEARD)  # the facts of others that are judged beside events


class Come(NamedTuple):
    """One event of the past, in the order in which it was read."""

    event: ProductEvent
    at: float  # when it came, seconds since the epoch: an event from later has a clock that was ahead
    partition: int = 0  # of the topic; of a file there is one


class Said(NamedTuple):
    """A fact of another service, such as that a ticket was opened."""

    fact: Fact
    at: float  # when it was said, seconds since the epoch; 0: before all events


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

    def __init__(self, rules: RulesFile, beside: Beside | None = None, partitions: int = 1, components: int = COMPONENTS) -> None:
        """`beside`: what is known beside events. `partitions`: of the topic. `components`: the limit of a rule in each of them."""
        horizon, beside = rules.horizon.total_seconds(), beside or Beside()
        named = beside.named
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
        self._findings, self._parents, self._known = Findings(rules, beside), beside.parents, Known()
        self._alert_waits: set[Key] = set()  # whose alerts fire although no incident is open
        self._batches: dict[int, list[ProductEvent]] = {}
        self._arrived = 0.0  # when the latest event came
        self._clock = 0.0  # how far event time has come, by all events, also those that no rule asks for; never ahead of when they came
        self._judged = self._aged = 0.0  # event time of the last checkpoint, and when we last forgot
        self._waits = 0  # events since the last checkpoint
        self._order = count()
        self._said: list[tuple[float, int, Fact]] = []  # a heap of what was said and time has not come to, or no checkpoint came since

    @property
    def incidents(self) -> list[Found]:
        """Returns all incidents so far, in the order in which they were found."""
        return list(self._findings.found.values())

    @property
    def candidates(self) -> list[Suspected]:
        """Returns all candidates so far, in the order in which they were found."""
        return list(self._findings.suspecting.found.values())

    @property
    def muted(self) -> list[Muted]:
        """Returns the trouble that opened no incident so far: once for each rule, component, and what muted it."""
        return list(self._findings.muted.values())

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

    def follow(self, history: Iterable[Come | Said], every: float = FINELY) -> None:
        """Takes events in the order in which they were read, with a checkpoint whenever time has come on by so many seconds.

        A history may be taken piece by piece; `end` follows the last.
        """
        for each in history:
            if isinstance(each, Said):
                self._checkpoint_before(each.at if self._arrived else 0.0, every)
                self.hear(*each)
                continue
            event, arrived, partition = each
            self._checkpoint_before(min(event.time.timestamp(), arrived), every)
            self._arrived = max(self._arrived, arrived)
            if self._naming.any:
                event, partition = self._naming.place(event, partition)
            self._batches.setdefault(partition, []).append(event)
            self._waits += 1

    def _checkpoint_before(self, at: float, every: float) -> None:
        if at >= self._judged + every or self._waits >= AT_ONCE:
            self.end()
            self._judged, self._waits = max(self._judged, at // every * every), 0

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
        self._clock = max([self._clock, *(min(event.time.timestamp(), now) for event in events)])
        self._partitions[partition].fold(events, now)

    def hear(self, fact: Fact, at: float) -> None:
        """Takes what another service said. Time begins with the first event: what was said before is known then, and moves no clock."""
        if isinstance(fact, HEARD):
            heapq.heappush(self._said, (at, next(self._order), fact))
        if self._clock or self._arrived:
            self._clock = max(self._clock, at)

    def checkpoint(self) -> None:
        """Judges what has come. As live, the next checkpoint follows at once when an incident opened or ended.

        What is old is forgotten after that: an incident must have found its customers, however far time has come since the last checkpoint.
        """
        self._open_overdue(self._clock)
        self._hear_said(self._clock)
        while self._judge() or self._look_again():
            pass
        self._age(self._clock)

    def _hear_said(self, clock: float) -> None:
        """Judges what was said up to now beside events: complaints rise or calm down, and another day of renewal is known."""
        said: list[Fact] = []
        while clock and self._said and self._said[0][0] <= clock:
            said.append(heapq.heappop(self._said)[2])
        self._findings.hear([each for each in said if isinstance(each, tickets.HEARD)], clock)
        self._walking.hear([each for each in said if isinstance(each, renewals.HEARD)])

    def _judge(self) -> bool:
        """Finds whom the incidents touch, then judges the windows; says whether an incident opened or ended."""
        self._bring_over()
        clock = self._clock
        oldest = moment(max(clock - self._horizon, 0.0))
        known, said = self._known, self._known.take(self._findings.take_changed(), oldest, self._findings.others(oldest))
        hold(self._partitions, said.waits, said.rests)
        for incident in self._search.touching(self._partitions, known, said):
            self._findings.touch(incident, dict(self._search.affected(self._partitions, incident)))
        waits = any(known.shards.values())
        clocks = self._reports.clocks(self._partitions, anew=bool(said.waits)) if waits else []
        moved = self._detect(self._reports.series(self._partitions, known.waiting), clocks, clock)
        self._walking.judge(clock)
        self._take_changes()
        return moved

    def _bring_over(self) -> None:
        """Learns names of customers; a name is touched by no open incident any more, and at no risk, since its customer will be."""
        for name, view, component in self._naming.settle():
            self._findings.leave(self._known.of.get((rule_of(view.rpartition("@")[0]), component), {}).values(), name)
        self._walking.renamed(self._naming.learned, self._clock)

    # ── windows are judged ───────────────────────────────────────────────────────────────────

    def _detect(self, reports: Iterable[FoldedSeries], clocks: Sequence[tuple[int, float]], clock: float) -> bool:
        """Judges all that was reported, in one step, as a checkpoint of the detecting side does."""
        moved, since = self._merge(reports, clocks, clock)
        told: dict[Key, list[FoldedAlert]] = {}
        for alert in (alert for partition in self._partitions.values() for alert in partition.alerts.take_told()):
            told.setdefault((alert.rule, alert.component), []).append(alert)
        mutes, muted = self._mutes(since, told), list[Muted]()
        for key in since:  # before any is judged: what ends an incident now is learnt by the others the next time
            series = self._series[key]
            if (over := self._ended_at(series.state.incident_id)) is not None:
                series.state = ended(series.state, moment(over), self._rules[key[0]])
        for key in parents_first(since, self._parents):
            moved |= self._step_through(key, since[key], mutes, muted)
        for key in parents_first(told, self._parents):
            moved |= self._hear(key, told[key], max(clock, self._arrived), mutes, muted)
        self._findings.note_muted(muted)
        return moved

    def _merge(self, reports: Iterable[FoldedSeries], clocks: Sequence[tuple[int, float]], clock: float) -> tuple[bool, dict[Key, int]]:
        """Merges what was counted; says whether that ended an incident, and from which window on what has changed is to be judged."""
        since: dict[Key, int] = {}
        moved = False
        for report in reports:
            if report.rule not in self._rules:  # it is on absence
                moved |= self._come(report, clock)
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
        return moved, since

    def _mutes(self, since: Mapping[Key, int], told: Mapping[Key, Sequence[FoldedAlert]]) -> Mutes:
        """Returns what may mute anything that is judged now: from the beginning of the first window, and from the first report, on."""
        windows = [first - max(self._rules[rule].windows) for (rule, _), first in since.items()]
        earliest = min([self._clock, *windows, *(each.said_at for reports in told.values() for each in reports)])
        return self._findings.mutes({component for _, component in (*since, *told)}, moment(earliest))

    def _ended_at(self, incident: str | None) -> float | None:
        """Returns when an incident has ended; None while it is open, or without one."""
        return None if incident is None else self._findings.found[incident].ended_at

    def _step_through(self, key: Key, since: int, mutes: Mutes, muted: list[Muted]) -> bool:
        (name, component), series, moved = key, self._series[key], False
        rule = self._rules[name]
        for one in steps(rule, component, series.window, series.state, since, mutes):
            series.state = one.state
            muted += [one.muted] if one.muted is not None else []
            moved |= self._findings.make_true(key, one.decision, self._clock)
            self._findings.learn(mutes, one.decision, key)
        let_go(rule, series.state, series.window, self._horizon)
        self._waiting.plan(ALL, key, due_at(rule, series.state, series.window))
        return moved

    # ── alerts are heard ─────────────────────────────────────────────────────────────────────

    def _hear(self, key: Key, told: Iterable[FoldedAlert], now: float, mutes: Mutes, muted: list[Muted]) -> bool:
        """Has each report decide about the incident of its component; says whether one opened or ended."""
        moved, series = False, self._series.setdefault(key, Series())
        for alert in told:
            series.alerts, decision = alerts.step(self._on_alerts[key[0]], key[1], series.alerts, alert, now)
            self._strangers.touch(key, shard_of(key[1]), now)
            moved |= self._alert_decides(key, decision, min(alert.said_at, now), mutes, muted)
        (self._alert_waits.add if alerts.waits(series.alerts) else self._alert_waits.discard)(key)
        return moved

    def _look_again(self) -> bool:
        """Looks at the alerts that fire although no incident is open: what muted them may have ended. Says whether one opened."""
        moved, muted = False, list[Muted]()
        mutes = self._mutes({}, dict.fromkeys(self._alert_waits, ())) if self._alert_waits else Mutes()
        for key in parents_first(sorted(self._alert_waits), self._parents):
            series, clock = self._series[key], self._clock
            series.alerts, decision = alerts.look(self._on_alerts[key[0]], key[1], series.alerts, clock)
            moved |= self._alert_decides(key, decision, clock, mutes, muted)
            if not alerts.waits(series.alerts):
                self._alert_waits.discard(key)
        self._findings.note_muted(muted)
        return moved

    def _alert_decides(self, key: Key, decision: Decision | None, at: float, mutes: Mutes, muted: list[Muted]) -> bool:
        rule, series = self._on_alerts[key[0]], self._series[key]
        made: Decision | Joined | None = decision
        if isinstance(decision, Opened):
            trouble = Trouble(rule.id, key[1], moment(at))
            if (by := mutes.of(trouble)) is not None:
                series.alerts, made = alerts.not_opened(series.alerts), None
                muted.append(Muted.of(by, rule, decision, trouble))
            elif not rule.shadow and (home := mutes.home_of(trouble)) is not None:
                series.alerts, made = alerts.belonging(series.alerts, home), Joined(home, decision)
        moved = self._findings.make_true(key, made, self._clock)
        self._findings.learn(mutes, made, key)
        return moved

    # ── expected events come, or do not ──────────────────────────────────────────────────────

    def _open_overdue(self, clock: float) -> None:
        """Opens an incident for each expected event that is overdue before what came now is heard. One that is muted is looked at again."""
        missed = list(self._expecting.overdue(clock)) if clock else []  # before the first event no time has passed
        mutes = self._findings.mutes({key[1] for key, _ in missed}, moment(clock), grouping=False) if missed else Mutes()
        muted: list[Muted] = []
        for key, each in missed:
            trouble = Trouble(*key, moment(clock))
            if (by := mutes.of(trouble)) is not None:
                self._expecting.put_off(key)
                muted.append(Muted.of(by, self._expecting.rules[key[0]], Opened(each.incident_id, each.due_at, each.why), trouble))
            else:
                self._findings.open(Found(each.incident_id, *key, each.due_at, each.opened_at, each.why), clock)
        self._findings.note_muted(muted)

    def _come(self, report: FoldedSeries, clock: float) -> bool:
        """Notes that an expected event came; says whether that ended an incident."""
        ends = self._expecting.hear((report.rule, report.component), clock, min(report.watermark, clock)) if report.buckets else None
        return ends is not None and self._findings.end(ends, clock)

    # ── what is old is let go ────────────────────────────────────────────────────────────────

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
            if self._findings.is_open(self._series[key].incident_id):
                self._strangers.keep(key, shard_of(key[1]), clock)
            else:
                del self._series[key]
                self._waiting.plan(ALL, key, math.inf)
                self._alert_waits.discard(key)


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
