"""A product event came: it is folded in memory, and at every checkpoint what changed is stored and told to the detecting side.

Each checkpoint also tells which customers of these partitions the open incidents touch, and those that ended lately: whoever
catches up meets incidents that are over.
"""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from zlib import crc32

from aiokafka import ConsumerRecord

from services.monitor import metrics
from services.monitor.fold import partials
from services.monitor.fold.buckets import Changes
from services.monitor.fold.partition import COMPONENTS, Account, Partition
from services.monitor.fold.tallies import Tally
from services.monitor.hearing.customers import forget_erased
from services.monitor.hearing.intake import Intake
from services.monitor.hearing.risks import Risks
from services.monitor.incidents.life import moment
from services.monitor.rules.file import RulesFile
from services.monitor.store import fold as store
from services.monitor.store.incidents import RecentIncident, recent_incidents, record_impact
from shared.events import IMPACT_CHUNK, Affected, Fact, FoldedSeries, IncidentImpact, IncidentOpened, PartialFolded, Topic
from shared.outbox import say
from shared.outgoing.forwarding import Forward
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.dead_letters import DeadLetter

SHARDS = 16  # keys of the partials: a component is always in the same one
TOLD_EVERY = 1.0  # seconds of event time: how often an open incident is told how far time has come

Incidents = Mapping[tuple[str, str], Sequence[RecentIncident]]  # by rule and component
Waiting = Mapping[str, frozenset[str]]  # rule → the components that have an open incident of it
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of what one process remembers."""

    identities: int = 50_000_000  # of events, in 8 bytes each
    components: int = COMPONENTS  # of each rule in each partition, beside those that are named


class Folding:
    """The processor of the product events (see `shared/stream.py`)."""

    def __init__(
        self,
        rules: RulesFile,
        forward: Forward,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
        named: frozenset[str] = frozenset(),
    ) -> None:
        """`forward`: takes events to their partition when another process has it. `clock`: the wall clock, seconds since the epoch.
        `named`: the components of the catalog, which no limit touches.
        """
        self.topic_partitions: Callable[[], int] = lambda: 1  # how many the topic has; `stream_of` sets it
        self._forward, self._intake = forward, Intake({}, 1, forward, 0)
        self._rules, self._clock, self._limits, self._named = rules, clock, limits or Limits(), named
        self._partitions: dict[int, Partition] = {}
        self._searched: set[str] = set()  # incidents for which the past of these partitions was looked through
        self._told: dict[int, float] = {}  # partition → the event time that open incidents were last told
        self._waiting: Waiting = {}  # whom it was told
        self._pressing = False
        self._accounted: dict[str, int] = {}
        self._risks = Risks(rules.customers)

    def incidents_changed(self) -> None:
        """Has the next checkpoint made at once, since an incident opened or ended."""
        self._pressing = bool(self._partitions)

    def customers_erased(self) -> None:
        """Has the next checkpoint made at once, since customers are to be forgotten."""
        self._pressing = bool(self._partitions)

    def read_further(self) -> None:
        """Has the next checkpoint made at once when a risk may be raised or cleared by the passing of time alone."""
        self._pressing = self._pressing or (bool(self._partitions) and self._risks.waits)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        horizon = self._rules.horizon.total_seconds()
        rules, limit = self._rules.components, self._limits.components
        self._partitions = {number: Partition(rules, horizon, limit, self._named, self._rules.customers) for number in partitions}
        self._intake = Intake(self._partitions, self.topic_partitions(), self._forward, limit)
        self._searched, self._told, self._waiting = set(), {}, {}
        metrics.IDENTITIES_DROPPED.inc(await store.restore(tx, self._partitions, self._limits.identities, self._clock()))
        await self._risks.load(tx, self._partitions)
        self._accounted = self._fates()
        self._pressing = True

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        return await self._intake.take(records, self._clock())

    def pressing(self) -> bool:
        return self._pressing

    async def save(self, tx: Tx) -> None:
        now, said_at = self._clock(), await tx.fetchval("SELECT clock()")
        more = await forget_erased(tx, self._partitions)
        incidents: dict[tuple[str, str], list[RecentIncident]] = {}
        for incident in await recent_incidents(tx, self._rules.horizon):
            incidents.setdefault((incident.rule, incident.component), []).append(incident)
        self._hold(incidents)
        facts: list[Fact] = []
        for incident in self._touching(incidents):
            facts += await self._impact(tx, incident, said_at)
        facts += self._partials(incidents, said_at)
        facts += await self._risks.judge(tx, said_at)
        dropped = await store.keep(tx, self._partitions, self._limits.identities, now, part=time.time_ns())
        metrics.IDENTITIES_DROPPED.inc(dropped)
        await say(tx, *facts)
        self._pressing = more
        self._count()

    def _hold(self, incidents: Incidents) -> None:
        """Keeps the components with an open incident, so that events can show its end."""
        waiting = _open(incidents)
        for partition in self._partitions.values():
            for rule, watch in partition.watches.items():
                watch.components.hold(waiting.get(rule, NOBODY), partition.clock)

    # ── whom an incident touches ─────────────────────────────────────────────────────────────

    def _touching(self, incidents: Incidents) -> list[RecentIncident]:
        """Returns those that may touch somebody new: not looked for yet, or of a component with failures since the last checkpoint."""
        failed = {
            (rule, component)
            for partition in self._partitions.values()
            for rule, watch in partition.watches.items()
            for component in watch.tallies.failed
        }
        found = [each for at in failed & incidents.keys() for each in incidents[at]]
        known = self._searched | {each.id for each in found}
        recent = [each for at in incidents.values() for each in at]
        self._searched &= {each.id for each in recent}
        return sorted(found + [each for each in recent if each.id not in known], key=lambda each: each.id)

    async def _impact(self, tx: Tx, incident: RecentIncident, said_at: datetime) -> list[Fact]:
        found = dict(self._affected(incident))
        if not found:
            return []
        new = await record_impact(tx, incident.id, found)
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
        """Yields at first everybody who failed since the window before the opening, then those who failed since the last checkpoint."""
        until = incident.resolved_at.timestamp() if incident.resolved_at else math.inf
        searched = incident.id in self._searched
        self._searched.add(incident.id)
        for partition in self._partitions.values():
            watch = partition.watches.get(incident.rule)
            if watch is None:
                continue
            since = incident.started_at.timestamp() - watch.counting.window
            failed = watch.tallies.failed.get(incident.component, ()) if searched else None
            yield from watch.affected(incident.component, failed, since, until)

    # ── what the detecting side merges ───────────────────────────────────────────────────────

    def _partials(self, incidents: Incidents, said_at: datetime) -> Iterator[Fact]:
        """Yields as few messages as their bytes allow, each of one shard."""
        shards: dict[int, list[FoldedSeries]] = {}
        for each in self._series(incidents):
            shards.setdefault(crc32(each.component.encode()) % SHARDS, []).append(each)
        reads = "/".join(f"{number}:{partition.account.read}" for number, partition in sorted(self._partitions.items()))
        for shard, folded in shards.items():
            for number, piece in enumerate(partials.messages(folded)):
                unique = f"{reads}/{said_at.timestamp()}/{number}"  # a checkpoint may come again with nothing read since
                yield PartialFolded.of(PartialFolded.Data(series=piece), subject=f"components-{shard}", at=said_at, unique=unique)

    def _series(self, incidents: Incidents) -> Iterator[FoldedSeries]:
        """Yields the buckets that changed; and for open incidents how far time has come, since their component may say nothing any more."""
        waiting = _open(incidents)
        for number, partition in self._partitions.items():
            told = partition.clock >= self._told.get(number, 0.0) + TOLD_EVERY
            if told:
                self._told[number] = partition.clock
            for rule, watch in partition.watches.items():
                wait = waiting.get(rule, NOBODY)
                hear = wait if told else wait - self._waiting.get(rule, NOBODY)
                changes: Changes = {component: [] for component in hear} if partition.clock else {}
                for component, buckets in (changes | watch.buckets.changes()).items():
                    watermark = partition.clock if component in wait else watch.watermarks[component]
                    yield from partials.series(watch.asks, component, number, watermark, buckets)
        self._waiting = waiting

    # ── what the metrics say ─────────────────────────────────────────────────────────────────

    def _fates(self) -> dict[str, int]:
        totals = [sum(counts) for counts in zip(*(astuple(partition.account) for partition in self._partitions.values()), strict=True)]
        names = [field.name for field in fields(Account)]
        return dict(zip(names, totals, strict=True)) if totals else dict.fromkeys(names, 0)

    def _count(self) -> None:
        fates = self._fates()
        for fate in metrics.FATES:
            metrics.EVENTS.labels(fate).inc(fates[fate] - self._accounted[fate])
        self._accounted = fates
        for (why, way), events in self._intake.rekeyed.items():
            metrics.REKEYED.labels(why, way).inc(events)
        self._intake.rekeyed.clear()
        partitions = self._partitions.values()
        metrics.IDENTITIES.set(sum(len(partition.seen) for partition in partitions))
        for watch in (watch for partition in partitions for watch in partition.watches.values()):
            metrics.COMPONENTS_REFUSED.inc(watch.refused)
            watch.refused = 0


def stream_of(folding: Folding, database: Database, *, at_once: int, slowest: float = 0.0) -> Stream:
    """Returns the stream of the product events. An event may be folded in another partition than it was read from, so all save together."""
    stream = Stream("monitor", Topic.PRODUCT_EVENTS, folding, database, at_once=at_once, slowest=slowest, together=True)
    folding.topic_partitions = stream.partitions
    return stream


def _open(incidents: Incidents) -> Waiting:
    """Returns the components with an open incident, by rule."""
    waiting: dict[str, set[str]] = {}
    for (rule, component), each in incidents.items():
        if any(incident.resolved_at is None for incident in each):
            waiting.setdefault(rule, set()).add(component)
    return {rule: frozenset(components) for rule, components in waiting.items()}


def _affected(customer: str, tally: Tally) -> Affected:
    return Affected(
        customer_id=customer,
        certainty="confirmed",
        first_seen_at=moment(tally.first),
        last_seen_at=moment(tally.last),
        count=tally.count,
    )
