"""Complaints rise and nothing else shows trouble: a candidate, which tells nobody until a person approves it. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.monitor.detectors.surge import History, judge
from services.monitor.rules.surge import SurgeRule
from shared.events import identity


class Standing(StrEnum):
    """How a candidate stands."""

    CANDIDATE = "candidate"  # → open, merged, withdrawn, dismissed
    OPEN = "open"  # a person approved it → over; its incident says how it stands
    MERGED = "merged"  # telemetry showed an incident of the component, to which the complaints belong
    WITHDRAWN = "withdrawn"  # complaints calmed down, or no rule looks at them any more
    DISMISSED = "dismissed"  # a person says it is no trouble
    OVER = "over"  # the incident that a person approved has ended


@dataclass(frozen=True, slots=True)
class Complaint:
    """One ticket about a component, as far as it counts here."""

    customer: str
    at: float  # when the customer wrote, seconds since the epoch


@dataclass(frozen=True, slots=True)
class Found:
    """Complaints that rise."""

    id: str
    started_at: float  # the first complaint of the window
    last_at: float  # the complaint that showed it
    customers: int
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate as its row has it."""

    id: str
    rule: str
    component: str
    severity: str
    symptom: str
    title: str
    status: str
    started_at: datetime  # when the first of the customers wrote
    found_at: datetime  # on the database's clock
    last_at: datetime  # until when complaints were rising
    ended_at: datetime | None
    ended_by: str | None  # the person who approved or dismissed it
    note: str  # that person's words
    revision: int
    customers: int
    why: dict[str, Any]
    merged_into: str | None


def found_in(
    rule: SurgeRule, component: str, complaints: Sequence[Complaint], history: History, since: float = 0.0, judged_from: float = 0.0
) -> Iterator[Found]:
    """Yields each complaint by which complaints rise, in their order. `since`: what came up to then shows nothing more. `judged_from`:
    windows that end before it have been judged.

    The same complaints are the same candidate, whoever finds it and in whatever order they came: its id is that of the first one.
    """
    window, ordered = rule.window.total_seconds(), sorted(complaints, key=lambda each: (each.at, each.customer))
    held, first = Counter[str](), 0
    for number, last in enumerate(ordered):
        held[last.customer] += 1
        while first <= number and ordered[first].at <= max(last.at - window, since):
            gone = ordered[first].customer
            held[gone] -= 1
            if not held[gone]:
                del held[gone]
            first += 1
        if len(held) < rule.open.customers or last.at < judged_from:
            continue
        if (rising := judge(rule, len(held), history, last.at)).rises:
            began = ordered[first].at
            yield Found(identity("surge", rule.id, component, int(began * 1000)), began, last.at, len(held), rising.why)


def rising(
    rule: SurgeRule, component: str, complaints: Sequence[Complaint], history: History, since: float, judged_from: float, now: datetime
) -> list[Found]:
    """Returns the complaints by which they rise now, in their order: what has calmed down since is no news."""
    calm_before = (now - rule.candidate_for).timestamp()
    return list(found_in(rule, component, complaints, history, since, max(judged_from, calm_before)))


def is_calm(rule: SurgeRule, standing: str, last_at: datetime, now: datetime) -> bool:
    """Says whether complaints have not been rising for so long that a candidate is dropped, or an approved incident is over."""
    return now - last_at > _waits(rule, standing)


def _waits(rule: SurgeRule, standing: str) -> timedelta:
    return rule.candidate_for if standing == Standing.CANDIDATE else rule.resolve.calm


def candidate_of_rule(rule: SurgeRule, component: str) -> tuple[str, str, str, str, str]:
    """Returns what a candidate has from its rule: rule, component, severity, symptom and title."""
    return rule.id, component, rule.severity, rule.symptom, rule.title.format(component=component)
