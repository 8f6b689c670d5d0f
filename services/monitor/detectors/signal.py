"""What a detector may look at, and what it says of it."""

from dataclasses import dataclass
from typing import Any

from services.monitor.aggregates.counts import Counts


@dataclass(frozen=True, slots=True)
class View:
    """The aggregates of one component in one window: all that a detector may look at."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Signal:
    """One judgement of one window. Between the thresholds it is neither failing nor calm."""

    failing: bool
    calm: bool
    unclear: bool  # too few events to say that all is well, and no bad ones that say otherwise
    why: dict[str, Any]  # figures against thresholds
