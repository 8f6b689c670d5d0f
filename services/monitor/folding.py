"""A product event came: it is folded in memory, and at every checkpoint what changed is stored and told to the detecting side.

Each checkpoint also tells which customers of these partitions the open incidents touch, and those that ended lately: whoever
catches up meets incidents that are over.
"""

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from zlib import crc32

from aiokafka import ConsumerRecord

from services.monitor import metrics, store
from services.monitor.fold import Changes, Partition, Tally, Watch
from services.monitor.incident import moment
from services.monitor.rules import RulesFile
from services.monitor.store import RecentIncident
from shared.cloudevents import Undecodable, read_event
from shared.dead_letters import DeadLetter
from shared.events import IMPACT_CHUNK, Affected, Fact, FoldedSeries, IncidentImpact, IncidentOpened, PartialFolded
from shared.outbox import say
from shared.postgres import Tx

SHARDS = 16  # keys of the partials: a component is always in the same one
IN_ONE = 1000  # series in one message: some 100 kB


class Folding:
    """The processor of the product events (see `shared/stream.py`)."""

    def __init__(self, rules: RulesFile, clock: Callable[[], float] = time.time) -> None:
        """`clock`: the wall clock, seconds since the epoch; it only ages what nothing touches, and sees events from the future."""
        self._rules, self._clock = rules, clock
        self._partitions: dict[int, Partition] = {}
        self._searched: set[tuple[str, int]] = set()  # (incident, partition) whose past was looked through
        self._told: dict[tuple[str, int], float] = {}  # (incident, partition) → the event time last told
        self._incidents_changed = False
        self._accounted: dict[str, int] = {}

    def incidents_changed(self) -> None:
        """An incident opened or ended: the next checkpoint must not wait."""
        self._incidents_changed = bool(self._partitions)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        horizon = self._rules.horizon.total_seconds()
        self._partitions = {number: Partition(self._rules.rules, horizon) for number in partitions}
        self._searched, self._told = set(), {}
        await store.restore(tx, self._partitions, self._clock())
        self._accounted = self._fates()
        self._incidents_changed = True

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        now = self._clock()
        moment_now = datetime.fromtimestamp(now, UTC)
        letters = []
        partitions = self._partitions
        for record in records:
            try:
                event = read_event(record.value, record.headers, moment_now, record)
            except Undecodable as error:
                letters.append(DeadLetter(record, error.reason, error.detail))
                account = partitions[record.partition].account
                account.read += 1
                account.dead += 1
            else:
                partitions[record.partition].fold(event, now)
        return letters

    def pressing(self) -> bool:
        return self._incidents_changed

    async def save(self, tx: Tx) -> None:
        now, said_at = self._clock(), await tx.fetchval("SELECT clock()")
        incidents = await store.recent_incidents(tx, self._rules.horizon)
        facts: list[Fact] = []
        for incident in incidents:
            facts += await self._impact(tx, incident, said_at)
        facts += self._partials([each for each in incidents if each.resolved_at is None], said_at)
        await store.keep(tx, self._partitions, now, part=time.time_ns())
        await say(tx, *facts)
        self._incidents_changed = False
        self._let_go({incident.id for incident in incidents})
        self._count()

    # ── whom an incident touches ─────────────────────────────────────────────────────────────

    async def _impact(self, tx: Tx, incident: RecentIncident, said_at: datetime) -> list[Fact]:
        found = dict(self._affected(incident))  # a customer is in two partitions where two producers choose them in two ways
        if not found:
            return []
        new = await store.touch(tx, incident.id, found)
        metrics.AFFECTED.inc(len(new))
        told = [_affected(customer, tally) for customer, tally in found.items() if customer in new]
        chunks = [tuple(told[at : at + IMPACT_CHUNK]) for at in range(0, len(told), IMPACT_CHUNK)]
        return [
            IncidentImpact.of(
                IncidentImpact.Data(incident_id=incident.id, chunk=number, customers=customers),
                subject=incident.id,
                at=said_at,
                unique=customers[0].customer_id,
                cause=IncidentOpened.id_of(incident.id),
            )
            for number, customers in enumerate(chunks)
        ]

    def _affected(self, incident: RecentIncident) -> Iterator[tuple[str, Tally]]:
        """At first everybody who failed since the window before the opening, then those who failed since the last checkpoint."""
        until = incident.resolved_at.timestamp() if incident.resolved_at else math.inf
        for number, partition in self._partitions.items():
            watch = partition.watches.get(incident.rule)
            if watch is None:
                continue
            searched = (incident.id, number) in self._searched
            since = incident.started_at.timestamp() - watch.rule.window.total_seconds()
            yield from watch.affected(incident.component, watch.failed.get(incident.component, ()) if searched else None, since, until)
            self._searched.add((incident.id, number))

    def _let_go(self, recent: Collection[str]) -> None:
        self._searched = {each for each in self._searched if each[0] in recent}
        self._told = {each: told for each, told in self._told.items() if each[0] in recent}

    # ── what the detecting side merges ───────────────────────────────────────────────────────

    def _partials(self, incidents: Sequence[RecentIncident], said_at: datetime) -> Iterator[Fact]:
        """One message a shard, so that their number does not grow with components and partitions."""
        shards: dict[int, list[FoldedSeries]] = {}
        for number, partition in self._partitions.items():
            for watch in partition.watches.values():
                for series in self._series(number, watch, incidents):
                    shards.setdefault(crc32(series.component.encode()) % SHARDS, []).append(series)
        unique = "/".join(f"{number}:{partition.account.read}" for number, partition in sorted(self._partitions.items()))
        for shard, folded in shards.items():
            for at in range(0, len(folded), IN_ONE):
                data = PartialFolded.Data(series=tuple(folded[at : at + IN_ONE]))
                yield PartialFolded.of(data, subject=f"components-{shard}", at=said_at, unique=f"{unique}/{at}")

    def _series(self, number: int, watch: Watch, incidents: Sequence[RecentIncident]) -> Iterator[FoldedSeries]:
        """The buckets that changed; and for open incidents how far time has come, so that their windows move on in a silence too."""
        rule, counting, latest = watch.rule.id, watch.rule.fingerprint, max(watch.watermarks.values(), default=0.0)
        waiting = [each for each in incidents if each.rule == rule and self._told.get((each.id, number), 0.0) < latest]
        self._told |= {(each.id, number): latest for each in waiting}
        changes: Changes = {each.component: [] for each in waiting}
        open_components = frozenset(changes)
        changes |= watch.changes()
        for component, buckets in changes.items():
            watermark = latest if component in open_components else watch.watermarks[component]
            yield FoldedSeries(
                rule=rule, component=component, partition=number, watermark=watermark, buckets=tuple(buckets), fingerprint=counting
            )

    # ── what the metrics say ─────────────────────────────────────────────────────────────────

    def _fates(self) -> dict[str, int]:
        totals = [sum(counts) for counts in zip(*(astuple(partition.account) for partition in self._partitions.values()), strict=True)]
        names = ("read", "counted", "duplicate", "unmatched", "dead", "late", "ahead")
        return dict(zip(names, totals, strict=True)) if totals else dict.fromkeys(names, 0)

    def _count(self) -> None:
        fates = self._fates()
        for fate in metrics.FATES:
            metrics.EVENTS.labels(fate).inc(fates[fate] - self._accounted[fate])
        self._accounted = fates


def _affected(customer: str, tally: Tally) -> Affected:
    return Affected(
        customer_id=customer,
        certainty="confirmed",
        first_seen_at=moment(tally.first),
        last_seen_at=moment(tally.last),
        count=tally.count,
    )
