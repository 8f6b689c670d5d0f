"""Reads Online Retail, and makes product events of its invoices: a record each, turned by the mapping of sources.yml.

The data: Daqing Chen, Online Retail, UCI Machine Learning Repository (2015), https://doi.org/10.24432/C5BW33, CC BY 4.0.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.monitor.sources.file import SourcesFile
from services.monitor.sources.reading import Reader
from shared.cloudevents import read_event
from shared.configuration.files import load
from shared.events import ProductEvent
from shared.mapping.turning import Ready
from shared.streaming.unpacking import Record

SOURCES = Path(__file__).with_name("sources.yml")
COLUMNS = {"InvoiceNo", "InvoiceDate", "CustomerID", "Quantity", "UnitPrice"}


@dataclass(slots=True)
class Invoice:
    """One order of a customer."""

    number: str
    customer: str
    at: datetime
    amount: float  # of all its lines
    lines: int


class NotRetail(Exception):
    """The file is not Online Retail."""


def invoices(file: Path) -> list[Invoice]:
    """Returns the invoices of a CSV file, also of a .gz one, in order of time. Raises NotRetail, and OSError."""
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as text:
        rows = csv.DictReader(text)
        if missing := COLUMNS - set(rows.fieldnames or ()):
            raise NotRetail(f"{file}: there is no column {', '.join(sorted(missing))}")
        try:
            return added_up(rows)
        except (ValueError, TypeError) as error:
            raise NotRetail(f"{file}:{rows.line_num}: {error}") from None


def added_up(rows: Iterable[Mapping[str, str]]) -> list[Invoice]:
    """Returns the invoices of these lines, in order of time. Cancellations (C…) and lines without a customer are left out."""
    found: dict[str, Invoice] = {}
    for row in rows:
        number, customer = row["InvoiceNo"], row["CustomerID"].removesuffix(".0")
        if not customer or number.startswith("C"):
            continue
        at = datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC)
        invoice = found.setdefault(number, Invoice(number, customer, at, 0.0, 0))
        invoice.at = min(invoice.at, at)
        invoice.lines += 1
        invoice.amount += float(row["Quantity"]) * float(row["UnitPrice"])
    return sorted(found.values(), key=lambda invoice: (invoice.at, invoice.number))


def events(of: Iterable[Invoice]) -> Iterator[ProductEvent]:
    """Yields the event of each invoice, made as monitor makes those of another system's topic."""
    source = load(SOURCES, SourcesFile).sources[0]
    reader = Reader(source)
    for offset, invoice in enumerate(of):
        at = int(invoice.at.timestamp() * 1000)
        value = json.dumps(asdict(invoice) | {"at": at}).encode()
        record = Record(source.topic, 0, offset, at, 0, None, value, None, 0, len(value), ())
        for made in reader.events(record, invoice.at):
            if not isinstance(made, Ready):
                raise NotRetail(f"invoice {invoice.number}: {made.detail}")
            yield read_event(made.value, (), invoice.at)
