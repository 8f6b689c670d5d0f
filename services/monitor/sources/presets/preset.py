"""Defines what a preset says of a format, beside plain JSON. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.mapping.model import Emitted

Unwrap = Callable[[bytes], bytes | None]


@dataclass(frozen=True)
class Computed:
    """Is what a format knows of its records beside what they say themselves."""

    paths: tuple[str, ...]  # that it is worked out of
    of: Callable[..., Any]  # takes the record and what each path leads to; None says nothing


def _as_it_is(value: bytes) -> bytes:
    return value


@dataclass(frozen=True)
class Preset:
    """Says how a format is read, and what holds unless sources.yml says otherwise."""

    unwrap: Unwrap = _as_it_is  # returns the JSON object that paths lead into, None when the record says nothing; never raises
    names: Mapping[str, Computed] = field(default_factory=dict)  # that a mapping may use beside paths
    id: tuple[str, ...] = ()  # templates of an event's id; where they say nothing, the record's place is the id
    time: Computed | None = None  # when it happened, a datetime; where it says nothing, the record's timestamp. Raises ValueError
    events: tuple[Emitted, ...] = ()  # what a record becomes
