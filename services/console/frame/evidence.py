"""Reads monitor's figures against thresholds, as facts carry them in `why`: what was measured, where it opens, where it resolves. Pure.

A detector names what it measured at the top, and under `opens_at` and `resolves_below` the thresholds of the same names. A detector
that is not known here is read the same way: its names become words.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from services.console.frame.words import ABSENT, duration, number, plain

NAMES = {
    "ratio": "share of events that are bad",
    "events": "events in the window",
    "bad_events": "bad events in the window",
    "customers": "customers with bad events",
    "window": "window",
    "calm": "calm for",
    "unheard": "nothing heard for",
    "firing": "alerts that fire",
}
LISTED = "alerts"  # what is a list: each entry has a name, and is a figure of its own
ALERT = ("since", "severity", "summary", "url")
THRESHOLDS = ("opens_at", "resolves_below")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, and its thresholds, in words with units."""

    name: str
    measured: str
    opens_at: str
    resolves_below: str


@dataclass(frozen=True, slots=True)
class Course:
    """What a chart shows: the measured value over time, and the threshold at which an incident opens."""

    title: str
    unit: str
    points: tuple[tuple[datetime, float | None], ...]
    threshold: float | None


def figures(why: Mapping[str, Any]) -> list[Figure]:
    """Returns the figures of one fact, in its order, thresholds of nothing measured last."""
    opens, resolves = (_part(why, name) for name in THRESHOLDS)
    names = dict.fromkeys(name for part in (why, opens, resolves) for name in part if name not in (*THRESHOLDS, LISTED))
    told = [Figure(_name(name), *(_said(name, part.get(name)) for part in (why, opens, resolves))) for name in names]
    return told + list(_listed(why.get(LISTED)))


def _listed(entries: object) -> Iterator[Figure]:
    """Yields what is known of each alert: since when it fires, how bad it is, what it says, and where to look."""
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, Mapping):
            known = [f"{word} {each[word]}" if word == "since" else str(each[word]) for word in ALERT if each.get(word)]
            yield Figure(f"alert {each.get('name') or 'without a name'}", ", ".join(known) or ABSENT, ABSENT, ABSENT)


def course(facts: Iterable[tuple[datetime, object]]) -> Course | None:
    """Returns how what opens the incident first has developed; None when no fact has a figure of it. `facts` are in the order of time."""
    told = [(at, why) for at, why in facts if isinstance(why, Mapping)]
    name = next((name for _, why in reversed(told) for name in _part(why, "opens_at") if _is_number(why.get(name))), None)
    if name is None:
        return None
    scale = 100.0 if name == "ratio" else 1.0
    points = tuple((at, why[name] * scale) for at, why in told if _is_number(why.get(name)))
    limits = [limit * scale for _, why in told if _is_number(limit := _part(why, "opens_at").get(name))]
    return Course(_name(name), "%" if name == "ratio" else "", points, limits[-1] if limits else None)


def sentence(why: Mapping[str, Any]) -> str:
    """Returns the figures in one sentence: `31 % of 120 events were bad, of 14 customers, within 1 min`; empty when they are others."""
    if not all(_is_number(why.get(name)) for name in ("ratio", "events", "customers")):
        return ""
    within = f", within {duration(why['window_seconds'])}" if _is_number(why.get("window_seconds")) else ""
    return f"{_said('ratio', why['ratio'])} of {number(why['events'])} events were bad, of {number(why['customers'])} customers{within}"


def threshold_sentence(why: Mapping[str, Any]) -> str:
    """Returns in one sentence what has to be reached to open: `it opens at 20 %, 50 events and 3 customers`; empty when it is not said."""
    opens = _part(why, "opens_at")
    said = [_threshold(name, value) for name, value in opens.items() if _is_number(value)]
    return f"it opens at {', '.join(said[:-1])}{' and ' if len(said) > 1 else ''}{said[-1]}" if said else ""


def _threshold(name: str, value: float) -> str:
    """Returns one threshold in words: `20 %`, `50 events`, and of what is not known here its name and value."""
    if name == "ratio":
        return _said(name, value)
    return f"{number(value)} {name}" if name in ("events", "customers") else f"{_name(name)} {_said(name, value)}"


def _part(why: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = why.get(name)
    return part if isinstance(part, Mapping) else {}


def _name(name: str) -> str:
    bare = name.removesuffix("_seconds")
    return NAMES.get(bare, plain(bare))


def _said(name: str, value: object) -> str:
    """Returns a value with its unit, which its name tells."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_name(each)} {_said(each, value[each])}" for each in value) or ABSENT
    if not _is_number(value):
        return ABSENT if value is None else str(value)
    if name == "ratio":
        return f"{number(value * 100, 1)} %"
    return duration(value) if name.endswith("_seconds") else number(value, 2)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
