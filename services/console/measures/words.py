"""Writes figures for people, by their unit. Pure."""

from datetime import timedelta

from services.console.measures.figures import Figure
from services.console.measures.registry import Unit

NOTHING = "–"
MINUTE, HOUR, DAY = 60, 3600, 86400


def in_words(figure: Figure, unit: Unit) -> str:
    """Returns a figure with what it counts; a dash where there is nothing to count."""
    if figure is None:
        return NOTHING
    match unit:
        case Unit.SHARE:
            return f"{figure * 100:.1f} %"
        case Unit.SECONDS:
            return _lasting(figure)
        case Unit.RATE:
            return f"{figure:,.0f}"
        case _:
            return f"{figure:,}"


def _lasting(seconds: float) -> str:
    """Returns a duration by its two largest units; with a tenth of a second below a minute."""
    if abs(seconds) < MINUTE:
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=round(seconds))
    days, rest = whole.days, whole.seconds
    if days:
        return f"{days} d {rest // HOUR} h"
    if rest >= HOUR:
        return f"{rest // HOUR} h {rest % HOUR // MINUTE} min"
    return f"{rest // MINUTE} min {rest % MINUTE} s"
