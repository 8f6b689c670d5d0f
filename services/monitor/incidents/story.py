"""The story of an incident: each fact about it is a step that says what happened, who did it, when and why. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

CHANGES = 200  # of what events say while it is open, so many of the latest are kept; the opening and all that people did are kept
BY_PEOPLE = 300  # steps that people may take with one incident; resolving and dismissing it always remain


class StepKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    CHANGED = "changed"  # it grew, still fails, speaks again, or monitor has caught up
    SILENT = "silent"  # nothing is heard of its component
    ACKNOWLEDGED = "acknowledged"  # a person has it
    UPDATED = "updated"  # a person said something to customers
    SEVERITY = "severity"  # a person says how bad it is
    ADDED = "added"  # a person says that it touches some customers
    REMOVED = "removed"  # a person says that it does not touch some customers
    ABSORBED = "absorbed"  # another incident was merged into it
    SPLIT = "split"  # customers of it have another trouble, which is an incident of its own
    MERGED = "merged"  # it was merged into another, with which it ends
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    DISMISSED = "dismissed"


PASSING = (StepKind.CHANGED, StepKind.SILENT)  # the steps of which only the latest are kept


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as it is told to people. Its number is the revision of the incident that it made."""

    kind: StepKind
    by: str | None = None  # the person who took it; None: monitor
    note: str = ""  # that person's words, for operators
    said: dict[str, Any] = field(default_factory=dict)  # what else is to be told: what it was before, how many customers, …
    why: dict[str, Any] | None = None  # the figures that decided it


@dataclass(frozen=True, slots=True)
class PublicWords:
    """What a person says to customers."""

    words: str
    workaround: str = ""  # what they can do meanwhile
    next_update_at: datetime | None = None  # when they hear more
    estimate: datetime | None = None  # when it should be fixed
