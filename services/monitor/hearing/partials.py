"""A partial came: it is merged into its component's window, the window is judged, and an incident opens, grows or ends.

What it tells of alerts goes the same way, into the alerts of its component: `alerts.py`. That an expected event came is noted at the
next save: `absences.py`.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aiokafka import ConsumerRecord

from services.monitor.acts import absences, changing, joining
from services.monitor.acts.changing import News, Now
from services.monitor.fold.partition import COMPONENTS, SKEW
from services.monitor.fold.reports import shard_of, subject_of
from services.monitor.hearing import alerts
from services.monitor.incidents.alerts import waits
from services.monitor.incidents.judging import come_to, first_to_judge, kept_from, let_go, steps
from services.monitor.incidents.life import IncidentRow, State, behind_seconds, ended, moment, news
from services.monitor.incidents.muting import Muted, Mutes, parents_first
from services.monitor.incidents.waiting import Waiting, due_at
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.alert import AlertRule
from services.monitor.rules.components import ComponentRule
from services.monitor.rules.file import RulesFile
from services.monitor.rules.surge import SurgeRule
from services.monitor.store import candidates
from services.monitor.store.expected import Heard
from services.monitor.store.incidents import lock_standing, queries
from services.monitor.store.muting import mutes_of
from services.monitor.store.series import Key, Series, drop_series, keep_series, series_of
from services.monitor.windows.strangers import Strangers
from services.monitor.windows.window import Window
from shared.cloudevents import Undecodable, read_fact
from shared.events import FoldedAlert, FoldedSeries, PartialFolded
from shared.postgres import Tx
from shared.streaming.dead_letters import DeadLetter

KNOWN = {PartialFolded.model_fields["type"].default: PartialFolded}


class Detecting:
    """The processor of the partials (see `shared/stream.py`)."""

    def __init__(
        self,
        rules: RulesFile,
        limit: int = COMPONENTS,
        named: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
        parents: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`limit`: components of one rule in one partition of the partials, beside the `named` ones and those of the rule's `only`.

        `clock`: the wall clock, seconds since the epoch. `parents`: what each component hangs on.
        """
        self._clock, self._limit, self._named, self._parents = clock, limit, named, parents or {}
        self._series: dict[Key, Series] = {}
        self._since: dict[Key, int] = {}  # of the series that changed, the first window to judge
        self._alerts: dict[Key, list[FoldedAlert]] = {}  # those that came since the last save, in their order
        self._came: dict[Key, Heard] = {}  # the expected events that came since the last save
        self._heard: set[Key] = set()  # whose component spoke since the last save
        self._waiting: Waiting[Key] = Waiting()  # open incidents that time alone may end
        self._muted: set[Key] = set()  # whose alerts fire although no incident is open
        self._looks = False  # whether the next save looks at those again
        self.use(rules)

    def use(self, rules: RulesFile) -> None:
        """Takes other rules, by which the series are loaded next."""
        self._every = {rule.id: rule for rule in rules.components}
        self._rules = {rule.id: rule for rule in rules.components if isinstance(rule, ComponentRule)}
        self._expecting = {rule.id: rule for rule in rules.components if isinstance(rule, AbsenceRule)}
        self._on_alerts = {rule.id: rule for rule in rules.components if isinstance(rule, AlertRule)}
        self._surges = any(isinstance(rule, SurgeRule) for rule in rules.components)
        self._fingerprints = {rule.id: rule.fingerprint for rule in rules.components}
        self._horizon, self._grouping = rules.horizon.total_seconds(), rules.grouping
        self._strangers = Strangers({rule.id: self._named | set(rule.only) for rule in rules.components}, self._limit)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        """Also withdraws the incidents that no rule of this process judges any more: they must not stay open for ever."""
        self._since, self._alerts, self._came, self._heard = {}, {}, {}, set()
        now_there: datetime = await tx.fetchval("SELECT clock()")
        await changing.withdraw_misfits(tx, self._every, now_there)
        await joining.leave(tx, self._every, now_there)
        self._series, self._waiting = await series_of(tx, partitions, self._fingerprints), Waiting()
        self._muted, self._looks = {key for key, series in self._series.items() if waits(series.alerts)}, True
        for key in self._series:
            self._plan(key)
        now = self._clock()
        self._strangers.restore((key, series.home, min(series.window.watermark, now)) for key, series in self._series.items())

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        now = moment(self._clock())
        letters = []
        for record in records:
            try:
                fact = read_fact(record.value, record.headers, now, KNOWN)
            except Undecodable as error:
                letters.append(DeadLetter(record, error.reason, error.detail))
                continue
            if isinstance(fact, PartialFolded):
                for partial in fact.data.series:
                    if partial.rule in self._expecting and partial.fingerprint == self._fingerprints[partial.rule]:
                        self._note_came(partial, fact.time)
                    if self._is_ours(partial):
                        self._merge(record.partition, partial, now.timestamp())
                        at = record.partition, partial.partition, partial.watermark
                        self._strangers.hear((partial.rule, partial.component), *at, now.timestamp())
                if fact.data.clocks:
                    self._come_to(fact.subject, fact.data.clocks, now.timestamp())
                for alert in fact.data.alerts:
                    if alert.rule in self._on_alerts and alert.fingerprint == self._fingerprints[alert.rule]:
                        self._take_alert(record.partition, alert)
        return letters

    def _is_ours(self, partial: FoldedSeries) -> bool:
        """Says whether it was counted as our rule counts; a fold with another rules file, or of before the restart, counted otherwise."""
        return partial.rule in self._rules and partial.fingerprint in ("", self._fingerprints[partial.rule])

    def _note_came(self, partial: FoldedSeries, counted_at: datetime) -> None:
        """Leaves for the next save that an expected event came. `counted_at`: when the fold said so, which a replay does not change."""
        if partial.buckets:
            key, known = (partial.rule, partial.component), Heard(counted_at, moment(min(partial.watermark, self._clock())))
            before = self._came.get(key, known)
            self._came[key] = Heard(max(known.at, before.at), max(known.spoke_at, before.spoke_at))

    def _come_to(self, shard: str, clocks: Iterable[tuple[int, float]], now: float) -> None:
        """Has those open incidents judged on that the time which has come may end, though their component says nothing."""
        reached = 0.0
        for partition, clock in clocks:
            reached = max(reached, min(clock, now))
            self._strangers.come(partition, clock, now)
        for key in self._waiting.take_due(shard, reached):
            rule, series = self._rules[key[0]], self._series[key]
            since = come_to(rule, series.state, series.window, reached, self._horizon)
            self._since[key] = min(self._since.get(key, since), since)

    def _plan(self, key: Key) -> None:
        """Plans when an open incident is to be judged though its component says nothing."""
        rule, series = self._rules.get(key[0]), self._series[key]
        if rule is not None:
            self._waiting.plan(subject_of(shard_of(key[1])), key, due_at(rule, series.state, series.window))

    def _take_alert(self, home: int, alert: FoldedAlert) -> None:
        """Leaves the alert for the next save, where what became of its incident is known."""
        key, now = (alert.rule, alert.component), self._clock()
        series = self._series.setdefault(key, Series(home, Window(), State()))
        series.window.watermark = max(series.window.watermark, min(alert.said_at, now))
        self._alerts.setdefault(key, []).append(alert)
        self._heard.add(key)
        self._strangers.touch(key, home, now)

    def _merge(self, home: int, partial: FoldedSeries, now: float) -> None:
        """Merges a partial. Whatever it says, time has come no further than our own clock: a window to come must not count as judged."""
        key = partial.rule, partial.component
        series = self._series.get(key)
        if series is None or series.window.watermark > now + SKEW:  # what a clock that was wrong let be judged is judged anew
            series = self._series[key] = Series(home, Window(), State(incident_id=series.state.incident_id if series else None))
        rule, state, watermark = self._rules[partial.rule], series.state, min(partial.watermark, now)
        kept, buckets = kept_from(rule, state, self._horizon), [bucket for bucket in partial.buckets if bucket[0] <= now + SKEW]
        changed = series.window.merge(partial.partition, watermark, buckets, kept, partial.numbers)
        if changed is not None:
            latest = moment(min(watermark, max(bucket[0] for bucket in buckets) + rule.width))
            series.spoke_at = max(series.spoke_at or latest, latest)
            self._heard.add(key)
        since = first_to_judge(rule, state, changed, kept, watermark)
        self._since[key] = min(self._since.get(key, since), since)

    def pressing(self) -> bool:
        return bool(self._since or self._alerts or self._came or (self._looks and self._muted))

    def look_again(self) -> None:
        """Has the next save look again at the alerts that opened no incident: what muted them may have ended."""
        self._looks = True

    async def save(self, tx: Tx) -> None:
        came, self._came = self._came, {}
        if came:  # at first: whoever changes incidents of absences locks what is expected before them
            await absences.hear(tx, self._expecting, came)
        (changed, self._since), (told, self._alerts) = (self._since, {}), (self._alerts, {})
        if self._looks:
            told, self._looks = {key: list[FoldedAlert]() for key in self._muted} | told, False
        if not changed and not told:
            return
        now: datetime = await tx.fetchval("SELECT clock()")
        of_both = {key: self._series[key] for key in (*changed, *told)}
        rows = await lock_standing(tx, [series.incident_id for series in of_both.values() if series.incident_id is not None])
        for key in self._heard:
            self._series[key].heard_at = now
        mutes, muted = await self._mutes(tx, changed, told, now), list[Muted]()
        for key in parents_first(changed, self._parents):
            series, since = of_both[key], changed[key]
            row = rows.get(series.state.incident_id or "")
            at = Now(now, behind_seconds(now, moment(series.window.watermark)))
            muted += await self._step_through(tx, key, since, row, at, mutes)
        for key in parents_first(told, self._parents):
            reports = told[key]
            row = rows.get(of_both[key].alerts.incident_id or "")
            told_of = alerts.Told(self._on_alerts[key[0]], key[1], reports, mutes)
            muted += await alerts.step_through(tx, told_of, of_both[key], row)
            (self._muted.add if waits(of_both[key].alerts) else self._muted.discard)(key)
        await joining.note_muted(tx, muted)
        await keep_series(tx, of_both, self._fingerprints)
        self._heard = set()
        await self._forget_quiet(tx)

    async def _forget_quiet(self, tx: Tx) -> None:
        """Forgets strangers that are quiet or too many, but for those with an open incident. All changes have been saved before."""
        now = self._clock()
        quiet = {key: self._series[key].incident_id for key in self._strangers.forget_quiet(now)}
        still_open = {row["id"] for row in await tx.fetch(queries.open_incidents)} if any(quiet.values()) else set()
        for key in (key for key, incident in quiet.items() if incident in still_open):
            self._strangers.keep(key, self._series[key].home, now)
        gone = [key for key, incident in quiet.items() if incident not in still_open]
        for key in gone:
            del self._series[key]
            self._waiting.plan("", key, math.inf)
            self._muted.discard(key)
        await drop_series(tx, gone)

    async def _mutes(self, tx: Tx, changed: Mapping[Key, int], told: Mapping[Key, Sequence[FoldedAlert]], now: datetime) -> Mutes:
        """Returns what may mute anything that is judged now: from the beginning of the first window, and from the first report, on."""
        windows = [since - max(self._rules[rule].windows) for (rule, _), since in changed.items()]
        since = min([now.timestamp(), *windows, *(each.said_at for reports in told.values() for each in reports)])
        components = {component for _, component in (*changed, *told)}
        mutes = await mutes_of(tx, components, moment(since), self._parents, self._grouping)
        return replace(mutes, rising=await candidates.rising(tx, components)) if self._surges else mutes

    async def _step_through(self, tx: Tx, key: Key, since: int, row: IncidentRow | None, now: Now, mutes: Mutes) -> list[Muted]:
        """Steps through the windows that changed, and makes true what is decided; returns what was muted.

        `row`: of the incident, should there be an open one.
        """
        (name, component), series = key, self._series[key]
        rule, window = self._rules[name], series.window
        if row is not None and not row.open:  # a person, or another instance, ended it meanwhile
            series.state, row = ended(series.state, row.ended_at or now.at, rule), None
        why, muted = row.why if row else {}, list[Muted]()
        for one in steps(rule, component, window, series.state, since, mutes):
            series.state, why = one.state, one.why
            muted += [one.muted] if one.muted is not None else []
            if one.decision is not None:
                row = await joining.make_true(tx, rule, component, one.decision, series.state.failing_to, now)
                mutes.learn(one.decision, rule.id, row)
        failing_to, heard = series.state.failing_to, key in self._heard
        if (
            row is not None
            and row.open
            and row.id == series.state.incident_id
            and (reason := news(row, failing_to, now.behind, heard=heard))
        ):
            await changing.update(tx, row.id, News(reason, why, failing_to, heard), now)
        let_go(rule, series.state, window, self._horizon)
        self._plan(key)
        return muted
