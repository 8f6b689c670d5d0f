"""The tests of sources share a source as operators write it, and records as another system does."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Reader
from shared.configuration.files import load
from shared.mapping.turning import Ready, Refused

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STAMP = 1_795_694_400_000  # NOW, in milliseconds

ORDERS = (Path(__file__).parents[4] / "deploy/config/examples/sources.yml").read_text()


def order(number: int, customer: str, status: str = "PAYMENT_FAILED", at: int = STAMP) -> dict[str, Any]:
    """Returns what the shop says of an order."""
    return {"order_id": f"o-{number}", "user": {"id": customer}, "status": status, "ts": at}


@dataclass
class Written:
    """Is a record as Kafka has it."""

    value: bytes | None
    key: bytes | None = None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    timestamp: int | None = STAMP
    topic: str = "shop.orders"
    partition: int = 3
    offset: int = 41


def sources(folder: Path, text: str = ORDERS) -> SourcesFile:
    """Returns the sources that this YAML says."""
    file = folder / "sources.yml"
    file.write_text(dedent(text))
    return load(file, SourcesFile)


def source(folder: Path, text: str = ORDERS) -> Source:
    """Returns the only one."""
    [one] = sources(folder, text).sources
    return one


def read(of: Source, said: Any, **record: Any) -> list[dict[str, Any] | Refused]:
    """Returns the events that a record becomes, decoded, and what was refused."""
    made = list(Reader(of).events(Written(json.dumps(said).encode(), **record), NOW))
    return [json.loads(each.value) if isinstance(each, Ready) else each for each in made]
