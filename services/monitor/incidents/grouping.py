"""Several rules find one trouble: the later ones join the incident that is open, and it ends when all of them are calm. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.monitor.incidents.life import IncidentRow, Opened
from services.monitor.incidents.severity import worse
from services.monitor.rules.incidents import IncidentRule


@dataclass(frozen=True, slots=True)
class Joined:
    """The trouble of one rule joins an incident that is open, instead of opening one."""

    incident_id: str
    opened: Opened  # what it would have opened


@dataclass(frozen=True, slots=True)
class Member:
    """One rule that finds an incident's trouble."""

    rule: str
    failing: bool
    said: Mapping[str, Any]  # in the incident's `why`: its title, since when, and its figures


def severity_of(row: IncidentRow, rule: IncidentRule) -> str:
    """Returns how bad the incident is once the rule has joined it: as bad as the worst says."""
    return worse(row.severity, rule.severity)


def why_of(why: Mapping[str, Any], members: Sequence[Member]) -> dict[str, Any]:
    """Returns an incident's figures with the rules that agree on it, each with its own."""
    return {**why, "rules": [{"rule": each.rule, "failing": each.failing, **each.said} for each in members]}


def goes_on(members: Sequence[Member], calm: str) -> bool:
    """Says whether the incident stays open although one of its rules is calm: another one still finds its trouble."""
    return any(each.failing for each in members if each.rule != calm)
