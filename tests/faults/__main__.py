"""`make faults` plays rounds of load with an incident and a fault in each, and prints the account as one line of JSON.

Beside the load alerts fire and end, a component fails in its maintenance, and rules change.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import traceback
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from tests.conftest import docker_missing
from tests.containers import running_kafka, running_postgres
from tests.faults import harm
from tests.faults.load import begins, load
from tests.faults.rounds import Run, beside
from tests.faults.sink import sink
from tests.faults.stack import running

EVENTS = 200_000
HOLD_S = 0.15  # at most: how long the mail server keeps a sender waiting


async def main(rounds: int, seed: int, events: int, only: str) -> int:
    """Returns the exit code: 0 when nothing fell short. `only`: words of the faults that are meant; all of them when empty."""
    folder = Path(tempfile.mkdtemp(prefix="forewarn-faults-"))
    dice = random.Random(seed)
    async with AsyncExitStack() as up:
        print("starting Kafka, Postgres and the services", flush=True)
        taking = await up.enter_async_context(sink(lambda: dice.uniform(0, HOLD_S)))
        kafka, postgres = await up.enter_async_context(running_kafka()), await up.enter_async_context(running_postgres())
        stack = await up.enter_async_context(running(kafka, postgres, taking, folder, monitors=2))
        run = Run(stack, dice=random.Random(seed))
        harms, when = harm.harms(stack, random.Random(seed), only), random.Random(seed)
        try:
            for number in range(1, rounds + 1):
                share = events * number // rounds - events * (number - 1) // rounds
                async with beside(stack) as others:
                    next_load = load(number, share, begins(), seed)
                    await run.round(next_load, next(harms), harm.moment(when, next_load), others)
            await run.compare()
        except Exception as error:  # noqa: BLE001  whatever it was, the account is printed
            run.problems.append("".join(traceback.format_exception(error)))
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
    parser.add_argument("--only", default="", help="only faults whose name has these words")
    arguments = parser.parse_args()
    if missing := docker_missing():
        sys.exit(f"this needs Docker, for a real Kafka and a real Postgres: {missing}")
    sys.exit(asyncio.run(main(arguments.rounds, arguments.seed, arguments.events, arguments.only)))
