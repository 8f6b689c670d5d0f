"""What folding costs, per event, beside decoding alone: with 1, 4 and 12 rules, while monitor catches up, and when it keeps up.

It is CPU time of one process, without Kafka and Postgres. A poll brings 5,000 events of one partition from a backlog; as many
of all ten when the process is busy, and 500 when it is not.
"""

import asyncio
import gc
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, product
from random import Random
from typing import Any

from bench.events import BAD, COMPONENTS, request
from services.monitor.fold.keying import home_of
from services.monitor.fold.partition import Partition
from services.monitor.hearing.intake import Intake
from services.monitor.rules.file import RulesFile
from shared.cloudevents import read_event
from shared.outgoing.forwarding import Forwarded
from shared.streaming.unpacking import Record

PARTITIONS = 10
CUSTOMERS = 5_000  # few, so that their homes are known after the first few thousand events
RATE = 20_000  # events a second of event time
ROUNDS = 3  # of each figure the best counts: whatever else the machine does makes it only worse
JITTER = 0.05  # seconds by which events come out of order
HORIZON = 600.0
NOW = 1_764_000_000.0
BATCHES = {"backlog": 5000, "busy": 5000, "live": 500}  # records of one poll

# Each of them counts something else, so that nothing is shared but the reading of fields.
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"bad": {"data.ok": False}},
    {"bad": {"data.ok": True, "data.latency_ms": {"above": 5000}}},
    {"bad": {"data.latency_ms": {"above": 1000}}},
    {"where": {"data.latency_ms": {"at_least": 50}}, "bad": {"data.ok": False}},
)
WINDOWS = ("15s", "1m", "5m")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--folded", type=int, default=100_000, help="fold: events of each figure")


async def measure(said: Namespace) -> dict[str, object]:
    records = list(_records(said.folded))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as `shared/service.py` has it
    figures: dict[str, object] = {"bench": "fold", "decode_us": round(await _best(records, _decoding), 2)}
    for mode, count in product(BATCHES, (1, 4, 12)):
        polls = list(_polls(records, mode))
        cost = await _best(list(chain(*polls)), lambda _, polls=polls, count=count: _folding(polls, _rules(count)))  # type: ignore[misc]
        figures[f"{mode}_{count}_rules_us"] = round(cost, 2)
        print(f"{mode}, {count} rules: {cost:.2f} µs an event, decoding included", flush=True)
    return figures


def _records(count: int) -> Iterator[Record]:
    dice = Random(1)
    for offset in range(count):
        customer = dice.randrange(CUSTOMERS)
        at = NOW - (count - offset) / RATE - dice.random() * JITTER
        key, value = request(f"1-{offset:x}", at, customer, customer % COMPONENTS, ok=dice.random() >= BAD)
        yield Record("product.events.v1", home_of(key, PARTITIONS), offset, int(at * 1000), 0, key, value, None, len(key), len(value), ())


def _rules(count: int) -> RulesFile:
    common = {"title": "{component}", "events": ["com.example.request"], "open": {"ratio": 0.05}, "resolve": {"ratio": 0.01}}
    each = enumerate(product(WINDOWS, CONDITIONS))
    said = [{**common, **condition, "window": window, "id": f"rule-{number}"} for number, (window, condition) in each]
    return RulesFile.model_validate({"rules": said[:count]})


def _polls(records: Sequence[Record], mode: str) -> Iterator[Sequence[Record]]:
    """Yields what each poll brings: of a backlog one partition's, else all partitions', one after the other."""
    size = BATCHES[mode]
    if mode == "backlog":
        for number in range(PARTITIONS):
            ours = [record for record in records if record.partition == number]
            yield from (ours[at : at + size] for at in range(0, len(ours), size))
    else:
        for at in range(0, len(records), size):
            yield sorted(records[at : at + size], key=lambda record: record.partition)


async def _best(records: Sequence[Record], work: Callable[[Sequence[Record]], Any]) -> float:
    """Returns the CPU time of an event in µs."""
    costs = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        await work(records)
        costs.append((time.process_time() - started) / len(records) * 1e6)
    return min(costs)


async def _decoding(records: Sequence[Record]) -> None:
    at = datetime.fromtimestamp(NOW, UTC)
    for record in records:
        read_event(record.value, record.headers, at, record)


async def _folding(polls: Sequence[Sequence[Record]], rules: RulesFile) -> None:
    partitions = {
        number: Partition([each for rule in rules.components for each in rule.asks], HORIZON, follow=rules.customers)
        for number in range(PARTITIONS)
    }
    intake = Intake(partitions, PARTITIONS, _Nobody(), 2000)
    for records in polls:
        assert await intake.take(records, NOW) == []
    assert sum(partition.account.counted for partition in partitions.values()) == sum(map(len, polls))


class _Nobody:
    """Forwards nothing: all partitions are here."""

    async def send(self, records: Sequence[Forwarded]) -> list[Forwarded]:
        raise AssertionError(records)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    arguments(parser)
    print(asyncio.run(measure(parser.parse_args())))
