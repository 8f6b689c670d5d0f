"""What people allow to be told, as every page shows it: switches that are thrown, and how many audiences wait for approval. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.answers import listed, mapped, moment, text, whole
from services.console.frame.words import duration, number

OURSELVES = "forewarn"  # who throws brakes
SHOWN = 3  # switches that every page names
LOOKED_AT = 50  # approvals that are counted

# What a mode does to what a switch names; `{}` is that, in words.
EFFECTS: Mapping[str, str] = {
    "off": "{} is stopped: nothing of it is told",
    "brake": "{} is stopped by its brake: nobody else is told",
    "dry_run": "{} is in a dry run: it is decided as ever, and told to nobody",
}


@dataclass(frozen=True, slots=True)
class Thrown:
    """A switch that is thrown."""

    scope: str  # all, rule, channel
    name: str
    mode: str  # off, brake, dry_run
    reason: str
    by: str
    at: datetime | None
    figures: tuple[str, ...] = ()  # of a brake, in words

    @property
    def is_brake(self) -> bool:
        return self.mode == "brake"

    @property
    def effect(self) -> str:
        """Returns what it does, as a sentence without its stop."""
        return EFFECTS.get(self.mode, "{} is held").format(named(self.scope, self.name))


@dataclass(frozen=True, slots=True)
class Consent:
    """What notifier said last; `lost_at`: it has not answered since then."""

    thrown: tuple[Thrown, ...] = ()
    waiting: int = 0  # approvals
    more: bool = False  # more wait than are counted
    lost_at: datetime | None = None

    @property
    def first(self) -> tuple[Thrown, ...]:
        """Returns the switches that every page names."""
        return self.thrown[:SHOWN]

    @property
    def rest(self) -> int:
        """Returns how many more there are."""
        return max(0, len(self.thrown) - SHOWN)

    @property
    def waits(self) -> str:
        """Returns how many approvals wait, in figures."""
        return f"{number(self.waiting)}{'+' if self.more else ''}"


def named(scope: str, name: str) -> str:
    """Returns what a switch stops, as the beginning of a sentence."""
    return {"rule": f"Rule {name}", "channel": f"Channel {name}"}.get(scope, "Everything")


def consent_of(switches: Mapping[str, Any], approvals: Mapping[str, Any]) -> Consent:
    """Returns what two answers of notifier's say."""
    waiting = len(listed(approvals, "items"))
    return Consent(thrown_in(switches), waiting, more=waiting > 0 and approvals.get("next") is not None)


def thrown_in(switches: Mapping[str, Any]) -> tuple[Thrown, ...]:
    """Returns the switches of an answer, those of everything first."""
    found = [_thrown(each) for each in listed(switches, "items") if text(each, "scope") and text(each, "mode")]
    return tuple(sorted(found, key=lambda each: each.scope != "all"))


def _thrown(said: Mapping[str, Any]) -> Thrown:
    scope, name, mode, reason, by = (text(said, each) for each in ("scope", "name", "mode", "reason", "by"))
    return Thrown(scope, name, mode, reason, by, moment(said, "at"), tuple(_figures(mapped(said, "why"))))


def _figures(why: Mapping[str, Any]) -> list[str]:
    """Returns the figures of a brake: what it measured against what it stops at."""
    said = []
    if "audience" in why:
        said.append(f"{number(whole(why, 'audience'))} customers, where {number(whole(why, 'approved'))} were approved")
    if "lately" in why:
        said.append(f"{number(whole(why, 'lately'))} customers in an hour, where {number(whole(why, 'normal'))} are normal")
    if "times" in why and "lately" not in why:
        said.append(f"{number(whole(why, 'times'))} incidents in {duration(float(whole(why, 'per_s')) or None)}")
    return said
