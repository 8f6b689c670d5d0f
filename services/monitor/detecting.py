"""A partial came: it is merged into its component's window, the window is judged, and an incident opens, grows or ends."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from services.monitor import metrics, store
from services.monitor.detectors.ratio import judge
from services.monitor.incident import Decision, Grew, Opened, Resolved, State, moment, step
from services.monitor.rules import RatioRule, RulesFile
from services.monitor.store import Q, Series
from services.monitor.window import Window, oldest
from shared.cloudevents import Undecodable, read_fact
from shared.dead_letters import DeadLetter
from shared.events import Fact, FoldedSeries, Incident, IncidentOpened, IncidentResolved, IncidentUpdated, PartialFolded
from shared.outbox import say
from shared.postgres import Tx

KNOWN = {PartialFolded.model_fields["type"].default: PartialFolded}
Key = tuple[str, str]  # rule, component


class Detecting:
    """The processor of the partials (see `shared/stream.py`)."""

    def __init__(self, rules: RulesFile) -> None:
        self._rules = {rule.id: rule for rule in rules.rules}
        self._series: dict[Key, Series] = {}
        self._since: dict[Key, int] = {}  # of the series that changed, the first window to judge

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        self._since = {}
        self._series = await store.series_of(tx, partitions)

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        now = datetime.now(UTC)
        letters = []
        for record in records:
            try:
                fact = read_fact(record.value, record.headers, now, KNOWN)
            except Undecodable as error:
                letters.append(DeadLetter(record, error.reason, error.detail))
                continue
            if isinstance(fact, PartialFolded):
                for partial in fact.data.series:
                    if partial.rule in self._rules:
                        self._merge(record.partition, partial)
        return letters

    def _merge(self, home: int, partial: FoldedSeries) -> None:
        key = partial.rule, partial.component
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(home, Window(), State())
        rule, state = self._rules[partial.rule], series.state
        kept = oldest(rule, state.judged_to)
        changed = series.window.merge(partial.partition, partial.watermark, partial.buckets, kept)
        if not state.judged_to:  # there is no window before the first bucket
            since = changed if changed is not None else int(partial.watermark) // rule.width * rule.width
        else:
            whole = kept + (rule.buckets - 1) * rule.width  # the first window that has all its buckets still
            following = state.judged_to + rule.width
            since = max(following if changed is None else min(changed, following), whole, state.settled_to + rule.width)
        self._since[key] = min(self._since.get(key, since), since)

    def pressing(self) -> bool:
        return bool(self._since)

    async def save(self, tx: Tx) -> None:
        changed, self._since = self._since, {}
        if not changed:
            return
        now = await tx.fetchval("SELECT clock()")
        facts: list[Fact] = []
        for (rule, component), since in changed.items():
            facts += await self._judge(tx, self._rules[rule], component, since, now)
        await store.keep_series(tx, {key: self._series[key] for key in changed})
        await say(tx, *facts)
        if facts:
            await self._measure(tx)

    async def _judge(self, tx: Tx, rule: RatioRule, component: str, since: int, now: datetime) -> list[Fact]:
        """Steps through the windows that changed, and makes true what is decided."""
        series = self._series[rule.id, component]
        facts: list[Fact] = []
        for end in series.window.ends(rule, since):
            counts = series.window.counts(rule, end)
            signal = judge(rule, counts)
            started = series.window.started(rule, end) if signal.failing and series.state.incident_id is None else end
            was = series.state
            series.state, decision = step(rule, component, was, end, counts, signal, started)
            if decision is not None:
                facts += await self._apply(tx, rule, component, was, decision, now)
        series.window.forget(oldest(rule, series.state.judged_to))
        return facts

    async def _apply(self, tx: Tx, rule: RatioRule, component: str, was: State, decision: Decision, now: datetime) -> list[Fact]:
        started_at = moment(decision.started_at if isinstance(decision, Opened) else was.started_at)
        title = rule.title.format(component=component)
        known = {
            "incident_id": decision.incident_id,
            "rule": rule.id,
            "component": component,
            "severity": rule.severity,
            "title": title,
            "started_at": started_at,
            "why": decision.why,
        }
        match decision:
            case Opened():
                done = await tx.execute(
                    Q.open_incident, decision.incident_id, rule.id, component, rule.severity, title, started_at, now, decision.why
                )
                data: Incident = IncidentOpened.Data(**known, opened_at=now)
                fact: Fact = IncidentOpened.of(data, subject=decision.incident_id, at=now)
                metrics.INCIDENTS_OPENED.labels(rule.severity).inc()
                metrics.FOUND_AFTER.observe(max((now - started_at).total_seconds(), 0))
            case Grew():
                done = await tx.execute(Q.update_incident, decision.incident_id, decision.revision, decision.why)
                data = IncidentUpdated.Data(**known, revision=decision.revision, affected=decision.customers)
                fact = IncidentUpdated.of(data, subject=decision.incident_id, at=now, unique=decision.revision)
            case Resolved():
                resolved_at = moment(decision.resolved_at)
                done = await tx.execute(Q.resolve_incident, decision.incident_id, resolved_at, decision.why)
                affected = await tx.fetchval(Q.affected, decision.incident_id)
                data = IncidentResolved.Data(**known, resolved_at=resolved_at, affected=affected)
                fact = IncidentResolved.of(data, subject=decision.incident_id, at=now)
                metrics.INCIDENTS_RESOLVED.labels(rule.severity).inc()
        return [] if done.endswith(" 0") else [fact]

    async def _measure(self, tx: Tx) -> None:
        [size] = await tx.fetch(Q.size_of_open)
        metrics.INCIDENTS_OPEN.set(size["incidents"])
        metrics.CUSTOMERS_IN_TROUBLE.set(size["customers"])
