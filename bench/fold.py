"""What folding costs, per event, beside decoding alone: with 1 and 12 rules, while monitor catches up, and when it keeps up.

It is CPU time of one process, without Kafka and Postgres. A poll brings 5,000 events of one partition from a backlog; as many
of all ten when the process is busy, and 500 when it is not. Of a backlog it also compares 50 rules of which one matches with that one
alone, 12 rules of several kinds, three of them on single customers, with one of them, and events of 10,000 customers with those of
a million, with one rule and with those twelve.
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
FEW, MANY = 10_000, 1_000_000  # customers
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
REQUESTS: dict[str, Any] = {"title": "{component}", "events": ["com.example.request"]}
FAILS: dict[str, Any] = {"bad": {"data.ok": False}}
RATIO: dict[str, Any] = {**REQUESTS, "open": {"ratio": 0.05}, "resolve": {"ratio": 0.01}}
KINDS: tuple[dict[str, Any], ...] = (
    {**RATIO, **CONDITIONS[0], "window": "15s"},
    {**RATIO, **CONDITIONS[1], "window": "1m"},
    {**RATIO, **CONDITIONS[2], "window": "5m"},
    {**RATIO, **CONDITIONS[3], "window": "1m"},
    {**REQUESTS, **FAILS, "detector": "count", "window": "15s", "open": {"count": 500}, "resolve": {"count": 50}},
    {**REQUESTS, **FAILS, "detector": "distinct", "window": "1m", "open": {"customers": 500}, "resolve": {"customers": 50}},
    {**REQUESTS, **FAILS, "detector": "burn", "objective": 99.0, "open": {"events": 100}, "resolve": {}},
    {**REQUESTS, "detector": "absence", "every": "5m"},
    {"title": "{component}", "detector": "alert", "uses": {"events": ["com.example.request"], "within": "15m"}},
    {**REQUESTS, **FAILS, "detector": "streak", "window": "1h"},
    {**REQUESTS, "detector": "silence"},
    {**REQUESTS, "detector": "decline"},
)


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--folded", type=int, default=100_000, help="fold: events of each figure")


async def measure(said: Namespace) -> dict[str, object]:
    few, many = list(_records(said.folded, FEW)), list(_records(said.folded, MANY))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as `shared/service.py` has it
    costs: dict[str, float] = {"decode": await _best(few, _decoding)}
    for mode, count in product(BATCHES, (1, 12)):
        costs[f"{mode}_{count}_rules"] = await _cost(f"{mode}, {count} rules", few, mode, _rules(count))
    costs["backlog_50_rules"] = await _cost("backlog, 50 rules of which 1 matches", few, "backlog", _one_matches(50))
    costs["backlog_12_kinds"] = await _cost("backlog, 12 rules of several kinds", few, "backlog", _named(KINDS))
    costs["backlog_1m_customers"] = await _cost("backlog, 1 rule, a million customers", many, "backlog", _rules(1))
    costs["backlog_12_kinds_1m_customers"] = await _cost("backlog, 12 kinds, a million customers", many, "backlog", _named(KINDS))
    one = costs["backlog_1_rules"]
    return {
        "bench": "fold",
        **{f"{name}_us": round(cost, 2) for name, cost in costs.items()},
        "cost_12_to_1_rules": round(costs["backlog_12_rules"] / one, 2),
        "cost_12_kinds_to_1_rule": round(costs["backlog_12_kinds"] / one, 2),
        "cost_50_to_1_rules": round(costs["backlog_50_rules"] / one, 2),
        "cost_1m_to_10k_customers": round(costs["backlog_1m_customers"] / one, 2),
        "cost_12_kinds_1m_to_10k_customers": round(costs["backlog_12_kinds_1m_customers"] / costs["backlog_12_kinds"], 2),
    }


async def _cost(what: str, records: Sequence[Record], mode: str, rules: RulesFile) -> float:
    polls = list(_polls(records, mode))
    cost = await _best(list(chain(*polls)), lambda _: _folding(polls, rules))
    print(f"{what}: {cost:.2f} µs an event, decoding included", flush=True)
    return cost


def _records(count: int, customers: int) -> Iterator[Record]:
    dice = Random(1)
    for offset in range(count):
        customer = dice.randrange(customers)
        at = NOW - (count - offset) / RATE - dice.random() * JITTER
        key, value = request(f"1-{offset:x}", at, customer, customer % COMPONENTS, ok=dice.random() >= BAD)
        yield Record("product.events.v1", home_of(key, PARTITIONS), offset, int(at * 1000), 0, key, value, None, len(key), len(value), ())


def _rules(count: int) -> RulesFile:
    return _named([{**RATIO, **condition, "window": window} for window, condition in product(WINDOWS, CONDITIONS)][:count])


def _one_matches(count: int) -> RulesFile:
    """Makes rules of which the first is that of `_rules(1)`, and all others look at types that never come."""
    others = [{**RATIO, **CONDITIONS[0], "window": "15s", "events": [f"com.example.other-{number}"]} for number in range(1, count)]
    return _named([{**RATIO, **CONDITIONS[0], "window": "15s"}, *others])


def _named(rules: Sequence[dict[str, Any]]) -> RulesFile:
    return RulesFile.model_validate({"rules": [{**rule, "id": f"rule-{number}"} for number, rule in enumerate(rules)]})


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
