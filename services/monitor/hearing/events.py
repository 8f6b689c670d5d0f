"""A product event came: it is folded in memory, and at every checkpoint what changed is stored and told to the detecting side.

Each checkpoint also tells which customers of these partitions the open incidents touch, and those that ended lately: whoever
catches up meets incidents that are over.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from aiokafka import ConsumerRecord

from services.monitor import facts, metrics
from services.monitor.acts.escalating import escalate
from services.monitor.fold import partials
from services.monitor.fold.partition import COMPONENTS, Account, Partition
from services.monitor.fold.reports import Reports, hold, shard_of, subject_of
from services.monitor.fold.tallies import Tally
from services.monitor.hearing.aliases import Names
from services.monitor.hearing.customers import forget_erased
from services.monitor.hearing.intake import Intake
from services.monitor.hearing.risks import Risks
from services.monitor.incidents.impact import Certainty, Search
from services.monitor.incidents.known import Known, RecentIncident
from services.monitor.incidents.life import moment
from services.monitor.rules.file import RulesFile
from services.monitor.store import fold as store
from services.monitor.store.impact import touched_of
from services.monitor.store.incidents import changed_incidents, merged_incidents, record_impact
from services.monitor.store.joining import joined_series
from shared.events import Affected, Fact, FoldedAlert, FoldedSeries, PartialFolded, Topic
from shared.outbox import say
from shared.outgoing.forwarding import Forward
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming.dead_letters import DeadLetter


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of what one process remembers."""

    identities: int = 50_000_000  # of events, in 8 bytes each
    components: int = COMPONENTS  # of each rule in each partition, beside those that are named
    aliases: int = 1_000_000  # names of customers whose home partition it has


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
        self._escalating = {rule.id: rule for rule in rules.components if rule.escalate}
        self._partitions: dict[int, Partition] = {}
        self._known, self._search, self._reports = Known(), Search(), Reports()
        self._read: str | None = None  # up to which transaction the incidents are read; None: they are not
        self._pressing = False
        self._accounted: dict[str, int] = {}
        self._risks, self._names = Risks(rules), Names(self._limits.aliases)

    def use(self, rules: RulesFile) -> None:
        """Takes other rules, by which the partitions are loaded next."""
        self._rules = rules
        self._escalating = {rule.id: rule for rule in rules.components if rule.escalate}

    def incidents_changed(self) -> None:
        """Has the next checkpoint made at once, since an incident opened or ended."""
        self._pressing = bool(self._partitions)

    def customers_erased(self) -> None:
        """Has the next checkpoint made at once, since customers are to be forgotten."""
        self._pressing = bool(self._partitions)

    def names_changed(self) -> None:
        """Has the next checkpoint made at once, since names of customers were learnt, or something came for customers under new ones."""
        self._names.looks = True
        self._pressing = bool(self._partitions)

    def read_further(self) -> None:
        """Has the next checkpoint made at once when a risk may be raised or cleared by the passing of time alone."""
        self._pressing = self._pressing or (bool(self._partitions) and self._risks.waits)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:
        horizon = self._rules.horizon.total_seconds()
        asks, limit = [each for rule in self._rules.components for each in rule.asks], self._limits.components
        self._partitions = {number: Partition(asks, horizon, limit, self._named, self._rules.customers) for number in partitions}
        await self._names.load(tx, partitions, self.topic_partitions())
        self._intake = Intake(self._partitions, self.topic_partitions(), self._forward, limit, self._names.edges)
        self._known, self._search, self._reports, self._read = Known(), Search(), Reports(), None
        metrics.IDENTITIES_DROPPED.inc(await store.restore(tx, self._partitions, self._limits.identities, self._clock()))
        self._risks = Risks(self._rules)
        await self._risks.load(tx, self._partitions)
        self._accounted = self._fates()
        self._pressing = True

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        return await self._intake.take(records, self._clock())

    def pressing(self) -> bool:
        return self._pressing

    async def save(self, tx: Tx) -> None:
        now, said_at = self._clock(), await tx.fetchval("SELECT clock()")
        self._risks.renamed(await self._names.settle(tx, self._partitions))
        more = await forget_erased(tx, self._partitions, self._names.edges)
        within = self._rules.horizon
        changed, self._read = await changed_incidents(tx, self._read, within)
        others = [*await merged_incidents(tx), *await joined_series(tx, within)]
        moved = self._known.take(changed, said_at - within, others)
        hold(self._partitions, moved.waits, moved.rests)
        said: list[Fact] = []
        for incident in self._search.touching(self._partitions, self._known, moved):
            said += await self._impact(tx, incident, said_at)
        said += self._partials(said_at, anew=bool(moved.waits))
        said += await self._risks.judge(tx, said_at)
        dropped = await store.keep(tx, self._partitions, self._limits.identities, now, part=time.time_ns())
        metrics.IDENTITIES_DROPPED.inc(dropped)
        await say(tx, *said)
        self._pressing = more
        self._count()

    # ── whom an incident touches ─────────────────────────────────────────────────────────────

    async def _impact(self, tx: Tx, incident: RecentIncident, said_at: datetime) -> list[Fact]:
        found = dict(self._search.affected(self._partitions, incident))
        if found and incident.split_from:  # people said whom it touches: events say more of those alone
            theirs = await touched_of(tx, incident.id, found)
            found = {customer: said for customer, said in found.items() if customer in theirs}
        if not found:
            return []
        new = await record_impact(tx, incident.touching, found, incident.id if incident.id != incident.touching else None)
        if not incident.shadow:
            metrics.AFFECTED.inc(sum(new.values()))
        rule = self._escalating.get(incident.rule)
        if new and rule is not None:
            await escalate(tx, rule, incident, said_at)
        told = [_affected(customer, *found[customer]) for customer in found if customer in new]
        return list(facts.impact(incident, told, said_at))

    # ── what the detecting side merges ───────────────────────────────────────────────────────

    def _partials(self, said_at: datetime, *, anew: bool) -> Iterator[Fact]:
        """Yields as few messages as their bytes allow, each of one shard. How far time has come is told behind the buckets."""
        shards: dict[int, list[FoldedSeries]] = {}
        for series in self._reports.series(self._partitions, self._known.waiting):
            shards.setdefault(shard_of(series.component), []).append(series)
        alerts: dict[int, list[FoldedAlert]] = {}
        for alert in (alert for partition in self._partitions.values() for alert in partition.alerts.take_told()):
            alerts.setdefault(shard_of(alert.component), []).append(alert)
        waiting = {shard for shard, components in self._known.shards.items() if components}
        clocks = tuple(self._reports.clocks(self._partitions, anew=anew)) if waiting else ()
        reads = "/".join(f"{number}:{partition.account.read}" for number, partition in sorted(self._partitions.items()))
        unique = f"{reads}/{said_at.timestamp()}"  # a checkpoint may come again with nothing read since
        for shard in sorted(shards.keys() | alerts.keys() | (waiting if clocks else set())):
            data = [PartialFolded.Data(series=piece) for piece in partials.messages(shards.get(shard, ()), partials.size)]
            said = partials.messages(alerts.get(shard, ()), partials.size_of_alert)
            data += [PartialFolded.Data(series=(), alerts=piece) for piece in said]
            if clocks and shard in waiting:
                data.append(PartialFolded.Data(series=(), clocks=clocks))
            for number, each in enumerate(data):
                yield PartialFolded.of(each, subject=subject_of(shard), at=said_at, unique=f"{unique}/{number}")

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


def _affected(customer: str, tally: Tally, certainty: Certainty) -> Affected:
    return Affected(
        customer_id=customer,
        certainty=certainty,
        first_seen_at=moment(tally.first),
        last_seen_at=moment(tally.last),
        count=tally.count,
    )
