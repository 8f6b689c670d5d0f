"""What monitor says of a draft that it tried, as the page shows it: a row for each rule, sums, and bars of time. Pure.

Versions of monitor may say less or more; what is not said is shown as not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.spans import Span, spans


@dataclass(frozen=True)
class Row:
    """Is what one rule found in the past, tried and as it is in force; None: it is not known."""

    rule: str
    tried: Mapping[str, Any]  # incidents, customers, messages
    today: Mapping[str, Any] | None
    precision: float | None  # the share of its incidents about which a customer whom they touch wrote
    missed: int | None  # tickets about its components, of customers whom none of its incidents touched


@dataclass(frozen=True)
class Trial:
    """Is all that was found."""

    rows: Sequence[Row]
    tickets: Mapping[str, Any] | None
    difference: Mapping[str, Any] | None
    risks: Sequence[Mapping[str, Any]]  # of single customers, by rule: raised, customers, open; and what today's rule raises
    candidates: Sequence[Mapping[str, Any]]  # of complaints, by rule: found, merged, withdrawn; and what today's rule finds
    history: Mapping[str, Any]
    begins_at: datetime | None
    ends_at: datetime | None
    picture: str  # bars of time; empty when nothing was found


def trial_of(outcome: Mapping[str, Any]) -> Trial:
    """Returns what the page shows of an outcome."""
    history = _mapping(outcome.get("history")) or {}
    begins, ends = moment(history.get("begins_at")), moment(history.get("ends_at"))
    return Trial(
        rows=[_row(each) for each in listed(outcome, "by_rule")],
        tickets=_mapping(outcome.get("tickets")),
        difference=_mapping(outcome.get("difference")),
        risks=_beside_today(outcome, "risks"),
        candidates=_beside_today(outcome, "candidates"),
        history=_mapping(history.get("events")) or {},
        begins_at=begins,
        ends_at=ends,
        picture=_picture(outcome, (begins, ends)) if begins and ends else "",
    )


def _row(said: Mapping[str, Any]) -> Row:
    return Row(str(said.get("rule", "")), said, _mapping(said.get("today")), said.get("precision"), said.get("missed"))


def _beside_today(outcome: Mapping[str, Any], what: str) -> Sequence[Mapping[str, Any]]:
    tried, today = _by_rule(outcome, what), _by_rule(_mapping(outcome.get("today")) or {}, what)
    return [{"rule": rule, "tried": tried.get(rule, {}), "today": today.get(rule, {})} for rule in sorted({*tried, *today})]


def _by_rule(said: Mapping[str, Any], what: str) -> dict[str, Mapping[str, Any]]:
    return {str(each.get("rule", "")): each for each in listed(said, what)}


def _picture(outcome: Mapping[str, Any], over: Span) -> str:
    """Draws when incidents were open, by rule: those of the draft, and below them those of today's rules where these are others."""
    today = _mapping(outcome.get("today"))
    kinds = {"draft": outcome} | ({"in force": today} if today is not None else {})
    lines: dict[str, dict[str, list[Span]]] = {}
    for kind, of in kinds.items():
        for each in listed(of, "incidents"):
            begins, ends = moment(each.get("started_at")), moment(each.get("ended_at")) or over[1]
            if begins is not None:
                line = lines.setdefault(str(each.get("rule", "")), {name: [] for name in kinds})
                line[kind].append((begins, ends))
    return spans(dict(sorted(lines.items())), over, "When incidents were open") if lines else ""


def listed(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Returns the objects of a list that an answer may have."""
    found = said.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def moment(said: object) -> datetime | None:
    """Returns the moment that an answer says; None when it says none."""
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _mapping(said: object) -> Mapping[str, Any] | None:
    return said if isinstance(said, Mapping) else None
