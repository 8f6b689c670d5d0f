"""A round plays a load with an incident and a fault in the middle, and accounts for all that was published, folded and sent."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer

from deploy.simulator.play import Record, play
from tests.faults import desk, harm
from tests.faults.alerting import ALERTS, Alerting, alerting, reload_rules, rules_in_force
from tests.faults.load import Load
from tests.faults.maintaining import Maintained, maintaining
from tests.faults.rebuilding import rebuild_differs
from tests.faults.reckoning import reckon
from tests.faults.reporting import compared
from tests.faults.stack import Stack

SETTLES_WITHIN = 120.0  # seconds
SHOWN = 20  # differences
BESIDE_S = 10.0  # seconds into a round, at most: when alerts fire, and when rules change


@dataclass
class Result:
    """The result of a run, printed as the last line."""

    rounds: int = 0
    produced: int = 0
    processed: int = 0
    dead_lettered: int = 0
    lost: int = 0
    processed_twice: int = 0
    told: int = 0
    told_twice: int = 0
    same_id_repeats: int = 0
    unaffected_told: int = 0
    report_differs: int = 0
    rebuild_differs: int = 0
    max_recovery_s: float = 0.0
    alerts: int = 0  # that fired and ended beside the load, each said several times
    alerts_wrong: int = 0  # whose incident did not open once and end once
    maintained: int = 0  # components that failed while they were announced to be worked on
    maintained_wrong: int = 0  # of which somebody heard, or of which it was not noted
    reloads: int = 0  # of changed rules, while all this went on


@dataclass(frozen=True)
class Beside:
    """What goes on beside a round's load, with components and customers of its own."""

    alerts: Alerting
    maintained: Maintained


@asynccontextmanager
async def beside(stack: Stack) -> AsyncIterator[Beside]:
    """Yields it prepared: whoever begins a story does so after that, for preparing takes some seconds."""
    async with alerting(stack) as alerts, maintaining(stack) as maintained:
        yield Beside(alerts, maintained)


@dataclass
class Run:
    """A run of rounds: what they found, and what fell short of what must be."""

    stack: Stack
    result: Result = field(default_factory=Result)
    problems: list[str] = field(default_factory=list)
    in_flight: int = 0  # sends that were under way when a notifier died
    cells_lost: int = 0
    cells_twice: int = 0
    alert_events: int = 0  # on the topic
    dead: int = 0  # records that must be put aside
    incidents: int | None = None  # whose figures were compared
    victims: set[str] = field(default_factory=set)
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # says when alerts fire, and rules change

    async def round(self, load: Load, what: harm.Harm, when: harm.Moment, beside: Beside | None = None) -> None:
        """Plays one round to its end, with what goes on beside it. Raises TimeoutError when something never comes."""
        started = time.monotonic()
        print(f"round {load.number}: {what.what}, {when}", end="", flush=True)
        self.victims |= load.victims
        async with self.stack.pulse() as pulses, asyncio.TaskGroup() as doing:
            harmed = doing.create_task(self._harm(load, what, when))
            if beside is not None:
                self._do_beside(doing, beside, what)
            await self.tell(load)
        self.result.produced += len(pulses)
        await desk.works(self.stack, load.prefix)
        await self.stack.rests(SETTLES_WITHIN)
        if beside is not None:
            await self._check(beside)
        again = await self._count(load, harmed.result())
        took = time.monotonic() - started
        print(f"; well again after {harmed.result():.1f} s; {again} forwarded again so far; the round took {took:.0f} s", flush=True)

    def _do_beside(self, doing: asyncio.TaskGroup, beside: Beside, what: harm.Harm) -> None:
        """Has all of it happen, each at a moment of its own, and rules change. SIGHUP is for processes that are not being ended."""
        by_signal = not any(word in what.what for word in ("monitor", "rule")) and self.dice.random() < 0.5
        doing.create_task(beside.alerts.play(self.dice.uniform(0, BESIDE_S)))
        doing.create_task(beside.maintained.play(self.dice.uniform(0, BESIDE_S)))
        doing.create_task(reload_rules(self.stack, self.dice.uniform(0, BESIDE_S), by_signal=by_signal))

    async def _check(self, beside: Beside) -> None:
        """Looks what came of the alerts and the maintenance, and whether all monitors judge by the rules as they are."""
        troubles, unmuted = await beside.alerts.troubles(), await beside.maintained.troubles()
        self.victims |= beside.alerts.victims
        self.result.produced += beside.alerts.shop.emitted + beside.maintained.produced
        self.result.alerts += len(ALERTS)
        self.result.alerts_wrong += len(troubles)
        self.result.maintained += 1
        self.result.maintained_wrong += len(unmuted)
        self.result.reloads += 1
        self.problems += troubles + unmuted + await rules_in_force(self.stack)

    async def tell(self, load: Load) -> None:
        """Plays the round's story: the trouble lasts until everybody is told, and everybody gets the all-clear."""
        sink = self.stack.sink
        await self.play(load.directory)
        await self.play(load.trouble)
        await self._mails("told", lambda: sink.heard() >= load.victims and sink.told("answer") >= load.writers)
        await self.play(load.recovery)
        await self._mails("given the all-clear", lambda: sink.told("resolved") >= load.victims)

    async def play(self, records: Sequence[Record]) -> None:
        """Publishes the events, each when it is due."""
        await self.stack.kafka.answering()
        # The producer is as patient as a product must be: a broker that was killed may be away for a minute.
        kafka = AIOKafkaProducer(
            bootstrap_servers=self.stack.kafka.bootstrap, enable_idempotence=True, acks="all", request_timeout_ms=180_000
        )
        await kafka.start()
        try:
            await play(kafka, records, time.time())
        finally:
            await kafka.stop()

    async def _harm(self, load: Load, what: harm.Harm, when: harm.Moment) -> float:
        """Does the harm when it is time; returns the seconds from the cure until what is said after it is worked off too."""
        await when.comes(self.stack)
        added = await what.act(self.stack)
        self.victims |= added.victims
        self.dead += added.dead
        self.result.produced += added.produced
        if what.what == "kill -9 notifier":  # the new one has not claimed anything yet
            self.in_flight += await self.stack.in_flight()
        for name, member in self.stack.members.items():
            if not member.alive:
                self.problems.append(f"{name} ended by itself:\n{member.tail()}")
                await member.start()
        cured_at = time.monotonic()
        self.result.produced += await self.stack.probe(f"probe-{load.number}")
        await harm.recovered(self.stack)
        return time.monotonic() - cured_at

    async def _mails(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            await asyncio.wait_for(self.stack.sink.until(condition), SETTLES_WITHIN)
        except TimeoutError:
            raise TimeoutError(f"not everybody was {what} within {SETTLES_WITHIN:.0f} s:\n{await self.stack.standing()}") from None

    async def _count(self, load: Load, recovered_s: float) -> int:
        """Adds the round to the result; returns how many records monitor has forwarded more than once so far, which it may."""
        result, sink, found = self.result, self.stack.sink, await reckon(self.stack, load)
        before = result.processed_twice
        result.produced += found.alerts - self.alert_events
        self.alert_events = found.alerts
        self.cells_lost += found.cells_lost
        self.cells_twice += found.cells_twice
        result.rounds += 1
        result.produced += load.events
        result.processed, result.dead_lettered = found.processed, found.dead_lettered
        result.lost, result.processed_twice = max(found.lost, self.cells_lost), max(found.twice, self.cells_twice)
        if result.processed_twice > before:
            print(f"\ncame twice: {found}")
        result.told, result.told_twice = len(sink.heard()), sink.told_twice()
        result.same_id_repeats = sink.same_id_repeats()
        result.unaffected_told = sum(mail.to not in self.victims for mail in sink.mails)
        result.max_recovery_s = max(result.max_recovery_s, round(recovered_s, 1))
        return found.forwarded_again

    async def compare(self) -> None:
        """Compares what the console shows with what the topics say, and its tables with those of a rebuild."""
        await self.stack.rests(SETTLES_WITHIN)
        report = await compared(self.stack)
        tables = await rebuild_differs(self.stack)
        print(f"compared {report.figures} figures of {report.incidents} incidents, and the tables with a rebuild's", flush=True)
        self.incidents = report.incidents
        self.result.report_differs, self.result.rebuild_differs = len(report.sentences), len(tables)
        self.problems += report.sentences[:SHOWN] + tables

    def shortcomings(self) -> list[str]:
        """Returns what must be and is not, in sentences."""
        r = self.result
        must = {
            f"produced {r.produced} = processed {r.processed} + dead letters {r.dead_lettered}": r.produced
            == r.processed + r.dead_lettered,
            f"put aside {r.dead_lettered} of {self.dead} that do not decode": r.dead_lettered == self.dead,
            f"lost {r.lost}": r.lost == 0,
            f"processed twice {r.processed_twice}": r.processed_twice == 0,
            f"told {r.told} of {len(self.victims)} affected": r.told == len(self.victims),
            f"told twice {r.told_twice}": r.told_twice == 0,
            f"the same mail again {r.same_id_repeats}, with {self.in_flight} in flight": r.same_id_repeats <= self.in_flight,
            f"unaffected told {r.unaffected_told}": r.unaffected_told == 0,
            f"figures of {self.incidents} incidents were compared after {r.rounds} rounds": self.incidents is None
            or self.incidents >= r.rounds,
            f"{r.report_differs} figures or rows of the console differ from a recount of the topics": r.report_differs == 0,
            f"{r.rebuild_differs} tables of the console differ from a rebuild's": r.rebuild_differs == 0,
            f"{r.alerts_wrong} incidents of alerts did not open once and end once": r.alerts_wrong == 0,
            f"{r.maintained_wrong} outages in maintenance were not muted": r.maintained_wrong == 0,
            f"recovered within {r.max_recovery_s} s": r.max_recovery_s <= 60,
        }
        return [sentence for sentence, kept in must.items() if not kept] + self.problems
