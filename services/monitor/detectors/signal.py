"""What a detector may look at, and what it says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.monitor.aggregates.counts import Counts
from services.monitor.aggregates.sketch import Sketch


@dataclass(frozen=True, slots=True)
class View:
    """The aggregates of one component in one window: all that a detector may look at."""

    counts: Counts
    within: Mapping[int, Counts] = field(default_factory=dict)  # of the shorter windows that its rule looks at: by their seconds
    known_for: float = 0.0  # seconds of event time for which the component is known, where there are such windows; else 0
    numbers: Sketch = field(default_factory=dict)  # of the number that its rule measures, if it measures one


@dataclass(frozen=True, slots=True)
class Signal:
    """One judgement of one window. Between the thresholds it is neither failing nor calm."""

    failing: bool
    calm: bool
    unclear: bool  # too few events to say that all is well, and no bad ones that say otherwise
    why: dict[str, Any]  # figures against thresholds
    span: float = 0.0  # seconds: the part of the window that is failing; 0: all of it
