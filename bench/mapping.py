"""What mapping a record of another system's topic costs: the shop's orders of the example, and five fields of a longer record.

It is CPU time of one process, without Kafka and Postgres: from the record's bytes to those of its event.
"""

import json
import time
import timeit
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.monitor.sources.file import SourcesFile
from services.monitor.sources.reading import Reader
from shared.configuration.files import load
from shared.streaming.unpacking import Record

ROOT = Path(__file__).parents[1]
ROUNDS = 3  # of which the best counts: whatever else the machine does makes it only worse
NOW = 1_764_000_000.0


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--mapped", type=int, default=50_000, help="mapping: records of each figure")


async def measure(said: Namespace) -> dict[str, object]:
    order = _best(ROOT / "deploy/config/examples/sources.yml", [_order(number) for number in range(said.mapped)])
    longer = _best(ROOT / "bench/sources.yml", [_order(number) | _more(number) for number in range(said.mapped)])
    print(f"mapping: {order * 1e9:,.0f} ns an order, {longer * 1e9:,.0f} ns a record of which five fields are read", flush=True)
    return {"bench": "mapping", "order_ns": round(order * 1e9), "five_fields_ns": round(longer * 1e9), "mapped_per_s": round(1 / order)}


def _order(number: int) -> dict[str, Any]:
    status = "PAYMENT_FAILED" if number % 50 == 0 else "PAID"
    return {
        "order_id": f"o-{number}",
        "user": {"id": f"c-{number % 1000}", "region": "eu"},
        "status": status,
        "ts": int(NOW * 1000) + number,
    }


def _more(number: int) -> dict[str, Any]:
    items = [{"sku": f"s-{number % 100}-{each}", "price": 3.5, "count": 1} for each in range(4)]
    service, total = {"name": f"part-{number % 50}", "version": "1.2.3"}, {"amount": 12.5, "currency": "EUR"}
    return {"service": service, "took": {"ms": number % 900}, "total": total, "items": items}


def _best(file: Path, said: Sequence[dict[str, Any]]) -> float:
    """Returns the CPU time of a record in seconds."""
    reader, now = Reader(load(file, SourcesFile).sources[0]), datetime.fromtimestamp(NOW, UTC)
    values = [json.dumps(each, separators=(",", ":")).encode() for each in said]
    records = [Record("shop", 0, number, 0, 0, None, value, None, 0, len(value), ()) for number, value in enumerate(values)]

    def work() -> None:
        for record in records:
            for _ in reader.events(record, now):
                pass

    return min(timeit.repeat(work, number=1, repeat=ROUNDS, timer=time.process_time)) / len(records)
