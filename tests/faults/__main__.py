"""`make faults`: rounds of load with an incident in each, a fault in the middle of each, and at the end the account as one line of JSON."""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.simulator.play import Record, play, producer
from tests.containers import running_kafka, running_postgres
from tests.faults import harm
from tests.faults.load import ENDS, HEALS, SPEED, Load, load
from tests.faults.reckoning import reckon
from tests.faults.sink import sink
from tests.faults.site import within
from tests.faults.stack import Stack, running

EVENTS = 200_000
HOLD_S = 0.15  # at most: how long the mail server keeps a sender waiting
SETTLES_WITHIN = 240.0  # seconds


@dataclass
class Result:
    """The last line."""

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
    max_recovery_s: float = 0.0


@dataclass
class Run:
    """All rounds, what they found, and what fell short of what must be."""

    stack: Stack
    dice: random.Random
    result: Result = field(default_factory=Result)
    problems: list[str] = field(default_factory=list)
    in_flight: int = 0  # sends that were under way when a notifier died
    cells_lost: int = 0
    cells_twice: int = 0
    victims: set[str] = field(default_factory=set)

    async def round(self, load: Load, what: harm.Harm) -> None:
        """One round, to its end. Raises TimeoutError when something never comes."""
        started, sink = time.monotonic(), self.stack.sink
        when = harm.moment(self.dice, HEALS / SPEED, len(load.victims))
        print(f"round {load.number}: {what.what}, {when}", end="", flush=True)
        self.victims |= load.victims
        await self._play(load.directory)
        harmed = asyncio.create_task(self._harm(what, when))
        await self._play(load.trouble)
        await self._mails("told", lambda: sink.told("opened") >= load.victims and sink.told("answer") >= load.writers)
        await self._play(load.recovery)
        await self._mails("given the all-clear", lambda: sink.told("resolved") >= load.victims)
        recovered_s = await harmed
        await within(SETTLES_WITHIN, self.stack.at_rest, "everything at rest")
        await self._count(load, recovered_s)
        print(f"; well again after {recovered_s:.1f} s; the round took {time.monotonic() - started:.0f} s", flush=True)

    async def _play(self, records: Sequence[Record]) -> None:
        await self.stack.kafka.answering()
        async with producer(self.stack.kafka.bootstrap) as kafka:
            await play(kafka, records, time.time())

    async def _harm(self, what: harm.Harm, when: harm.Moment) -> float:
        """Does it when it is time; returns the seconds from the cure until all is well."""
        await when.comes(self.stack)
        await what.act(self.stack)
        if what.what == "kill -9 notifier":  # the new one has not claimed anything yet
            self.in_flight += await self.stack.in_flight()
        for name, member in self.stack.members.items():
            if not member.alive:
                self.problems.append(f"{name} ended by itself:\n{member.tail()}")
                await member.start()
        return await harm.recovery(self.stack)

    async def _mails(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            await asyncio.wait_for(self.stack.sink.until(condition), SETTLES_WITHIN)
        except TimeoutError:
            raise TimeoutError(f"not everybody was {what} within {SETTLES_WITHIN:.0f} s") from None

    async def _count(self, load: Load, recovered_s: float) -> None:
        result, sink, found = self.result, self.stack.sink, await reckon(self.stack, load)
        self.cells_lost += found.cells_lost
        self.cells_twice += found.cells_twice
        result.rounds += 1
        result.produced += load.events
        result.processed, result.dead_lettered = found.processed, found.dead_lettered
        result.lost, result.processed_twice = max(found.lost, self.cells_lost), max(found.twice, self.cells_twice)
        result.told, result.told_twice = len(sink.told("opened")), sink.told_twice()
        result.same_id_repeats = sink.same_id_repeats()
        result.unaffected_told = sum(mail.to not in self.victims for mail in sink.mails)
        result.max_recovery_s = max(result.max_recovery_s, round(recovered_s, 1))

    def shortcomings(self) -> list[str]:
        """What must be and is not, in sentences."""
        r = self.result
        must = {
            f"produced {r.produced} = processed {r.processed} + dead letters {r.dead_lettered}": r.produced
            == r.processed + r.dead_lettered,
            f"lost {r.lost}": r.lost == 0,
            f"processed twice {r.processed_twice}": r.processed_twice == 0,
            f"told {r.told} of {len(self.victims)} affected": r.told == len(self.victims),
            f"told twice {r.told_twice}": r.told_twice == 0,
            f"the same mail again {r.same_id_repeats}, with {self.in_flight} in flight": r.same_id_repeats <= self.in_flight,
            f"unaffected told {r.unaffected_told}": r.unaffected_told == 0,
            f"recovered within {r.max_recovery_s} s": r.max_recovery_s <= 60,
        }
        return [sentence for sentence, kept in must.items() if not kept] + self.problems


async def main(rounds: int, seed: int, events: int) -> int:
    """Returns the exit code: 0 when nothing fell short."""
    folder = Path(tempfile.mkdtemp(prefix="forewarn-faults-"))
    dice = random.Random(seed)
    async with AsyncExitStack() as up:
        print("starting Kafka, Postgres and the services", flush=True)
        taking = await up.enter_async_context(sink(lambda: dice.uniform(0, HOLD_S)))
        kafka, postgres = await up.enter_async_context(running_kafka()), await up.enter_async_context(running_postgres())
        stack = await up.enter_async_context(running(kafka, postgres, taking, folder, monitors=2))
        run, harms = Run(stack, random.Random(seed)), harm.harms(stack, random.Random(seed))
        begins = time.time() - rounds * ENDS  # stories are told faster than they happen, and none in the future
        try:
            for number in range(1, rounds + 1):
                share = events * number // rounds - events * (number - 1) // rounds
                await run.round(load(number, share, begins + (number - 1) * ENDS, seed), next(harms))
        except TimeoutError as error:
            run.problems.append(str(error))
    shortcomings = run.shortcomings()
    print("".join(f"\nfell short: {sentence}" for sentence in shortcomings) or "nothing fell short", flush=True)
    if shortcomings:
        print(f"the logs are in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"sends under way when a notifier was killed: {run.in_flight}")
    print(json.dumps(asdict(run.result)))
    return bool(shortcomings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--events", type=int, default=EVENTS)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.rounds, arguments.seed, arguments.events)))
