"""Turns log records into the events that sources.yml says. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.monitor.sources.otlp.log import Log
from services.monitor.sources.otlp.model import ATTRIBUTES, BODY, PLACE, RESOURCE, Otlp
from services.monitor.sources.paths import path
from shared.mapping.turning import Ready, Refused, Turning

RECORDS = 10_000  # of one request
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOGS = UUID("b1f1c5a4-6a8b-5c51-9b5e-0c8f9c2c7d3e")

Row = tuple[Log, datetime]  # the record, and when it came


class TooMany(Exception):
    """A request has more records than one goes."""


@dataclass
class Taken:
    """Is what the records of a request became."""

    ready: list[Ready] = field(default_factory=list)
    mapped: int = 0  # records
    left_out: int = 0  # as sources.yml says
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # by what is wrong, without anything the records say

    def why(self) -> str:
        """Returns why records were rejected, in a sentence."""
        return "; ".join(f"{count} of them: {reason}" for reason, count in sorted(self.reasons.items(), key=lambda each: -each[1])[:5])


class LogReader:
    """Makes events of log records."""

    def __init__(self, otlp: Otlp) -> None:
        self._turning = Turning(_happened_at, otlp.emits, PLACE, _reads)

    def events(self, logs: Iterable[Log], now: datetime) -> Taken:
        """Returns what becomes of them. Raises TooMany beyond 10,000, and what reading them raises."""
        taken = Taken()
        for number, log in enumerate(logs):
            if number == RECORDS:
                raise TooMany(f"a request may have {RECORDS} log records: set send_batch_max_size")
            made = self._turning.turn((log, now), now)
            refused = [each for each in made if isinstance(each, Refused)]
            taken.rejected += bool(refused)
            taken.left_out += not made
            taken.mapped += bool(made) and not refused
            for each in refused[:1]:
                reason = f"{each.reason}: {each.where}"
                taken.reasons[reason] = taken.reasons.get(reason, 0) + 1
            if not refused:  # a record is taken as a whole, or not at all
                taken.ready += [each for each in made if isinstance(each, Ready)]
        return taken


def _happened_at(row: Row) -> datetime:
    """Returns when the record says that it happened, else when it was observed, else when it came."""
    log, now = row
    nanoseconds = log.time or log.observed
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds else now


def _reads(name: str) -> Callable[[Row], Any]:
    """Returns what reads a name of a record; a key of attributes may have dots."""
    if name.startswith(ATTRIBUTES):
        key = name.removeprefix(ATTRIBUTES)
        return lambda row: row[0].attributes.get(key)
    if name.startswith(RESOURCE):
        key = name.removeprefix(RESOURCE)
        return lambda row: row[0].resource.attributes.get(key)
    if name.startswith(BODY):
        follow = path(name.removeprefix(BODY))
        return lambda row: follow(row[0].body)
    return _OF_RECORD[name]


def _identity(row: Row) -> str:
    """Returns the same for the same record of the same resource, so that what an exporter sends again counts once."""
    log = row[0]
    return str(uuid5(_LOGS, f"{log.resource.raw.hex()} {log.raw.hex()}"))


_OF_RECORD: dict[str, Callable[[Row], Any]] = {
    "severity": lambda row: row[0].severity_name,
    "severity_number": lambda row: row[0].severity or None,
    "severity_text": lambda row: row[0].severity_text,
    "event": lambda row: row[0].event,
    "body": lambda row: row[0].body,
    "scope": lambda row: row[0].scope,
    "trace_id": lambda row: row[0].trace,
    "span_id": lambda row: row[0].span,
    "otlp.id": _identity,
}
