"""Defines a log record as mappings read it, whichever encoding it came in. Pure.

https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GROUPS = 10_000  # resources, or scopes of one, in a request; each takes as long to look at as a record
SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")  # four numbers each, from 1 on


@dataclass(frozen=True)
class Resource:
    """Is who said some records."""

    raw: bytes  # as it came
    read: Callable[[], Mapping[str, Any]]

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        return self.read()


@dataclass(frozen=True)
class Log:
    """Is one record. What takes time to read is read when it is asked for: most records are left out by their severity."""

    resource: Resource
    scope: str
    raw: bytes  # the record as it came: an exporter that tries again sends the same
    time: int  # nanoseconds since the epoch, 0 when it is not known; so is the next
    observed: int
    severity: int  # 1 to 24, 0 when it is not known
    severity_text: str
    event: str
    trace: str  # in hexadecimal digits, as the next
    span: str
    read_attributes: Callable[[], Mapping[str, Any]]
    read_body: Callable[[], Any]

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        return self.read_attributes()

    @cached_property
    def body(self) -> Any:
        return self.read_body()

    @property
    def severity_name(self) -> str | None:
        """Returns the name of the severity's range; None when it is not known."""
        return SEVERITIES[(self.severity - 1) // 4] if 1 <= self.severity <= 4 * len(SEVERITIES) else None


def refuse_many(groups: Sized) -> None:
    """Raises ValueError for more resources or scopes than one goes."""
    if len(groups) > GROUPS:
        raise ValueError(f"more than {GROUPS} resources, or scopes of one")
