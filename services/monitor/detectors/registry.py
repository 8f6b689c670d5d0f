"""The detectors by the name that a rule calls them: one line each."""

from collections.abc import Callable
from dataclasses import dataclass

from services.monitor.detectors import ratio
from services.monitor.detectors.signal import Signal, View
from services.monitor.rules.file import Rule


@dataclass(frozen=True, slots=True)
class Detector:
    """How a window is judged, at a moment of event time, and which bucket shows by itself that trouble has begun."""

    judge: Callable[[Rule, View, float], Signal]
    is_dense: Callable[[Rule, View], bool]


DETECTORS = {"ratio": Detector(ratio.judge, ratio.is_dense)}
