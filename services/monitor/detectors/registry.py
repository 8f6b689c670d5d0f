"""The detectors by the name that a rule calls them: one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.monitor.detectors import burn, count, distinct, percentile, ratio
from services.monitor.detectors.signal import Signal, View


@dataclass(frozen=True, slots=True)
class Detector:
    """How a window is judged by its kind of rule, at a moment of event time, and which bucket shows by itself that trouble has begun."""

    judge: Callable[[Any, View, float], Signal]
    is_dense: Callable[[Any, View], bool]


DETECTORS = {
    "ratio": Detector(ratio.judge, ratio.is_dense),
    "count": Detector(count.judge, count.is_dense),
    "distinct": Detector(distinct.judge, distinct.is_dense),
    "percentile": Detector(percentile.judge, percentile.is_dense),
    "burn": Detector(burn.judge, burn.is_dense),
}
