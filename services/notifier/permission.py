"""What people allow about one notification at this moment: switches, the rule's step of autonomy, and approvals. Values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notifier.wording.texts import Text


class Step(StrEnum):
    """The steps of autonomy of a rule. A person moves a rule along them; a false alarm sets it back by one."""

    SHADOW = "shadow"  # decided as ever, told to nobody; → approve
    APPROVE = "approve"  # a person approves each audience; → shadow, auto_up_to
    AUTO_UP_TO = "auto_up_to"  # a person approves audiences above a limit; → approve, auto
    AUTO = "auto"  # nobody is asked; → auto_up_to


STEPS = tuple(Step)


def one_back(step: Step) -> Step:
    """Returns the step before this one; the first stays."""
    return STEPS[max(STEPS.index(step) - 1, 0)]


class Scope(StrEnum):
    ALL = "all"  # everything
    RULE = "rule"  # what is told of one rule's incidents, or its advice
    CHANNEL = "channel"  # what goes through one channel


class Mode(StrEnum):
    OFF = "off"  # a person stopped it: it is held
    BRAKE = "brake"  # we stopped a rule ourselves: what it says first is held until a person releases it
    DRY_RUN = "dry_run"  # decided as ever, and what we would say first is told to nobody


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that is thrown."""

    scope: Scope
    name: str  # of the rule or the channel; empty: all
    mode: Mode
    reason: str = ""
    by: str = ""


class Standing(StrEnum):
    """How an approval stands."""

    WAITING = "waiting"  # → approved, rejected, expired
    APPROVED = "approved"  # → waiting, when the words change
    REJECTED = "rejected"  # final
    EXPIRED = "expired"  # final


@dataclass(frozen=True, slots=True)
class Gate:
    """The audience that a notification belongs to, and whether a person has approved of it."""

    id: str  # an incident's id, or the rule and the day of advice
    round: int  # the round the notification is in
    audience: int  # customers of the round that is not approved yet
    up_to: int  # so many are told without approval, at this step
    standing: Standing | None = None  # None: nobody was asked
    expires_at: datetime | None = None  # of the approval


@dataclass(frozen=True, slots=True)
class Permission:
    """All that people allow or forbid."""

    step: Step = Step.AUTO
    switches: tuple[Switch, ...] = ()  # thrown for all, for its rule, or for a channel
    gate: Gate | None = None  # None: it needs no approval
    words: Text | None = None  # a person's words for this gate


NOTHING_FORBIDDEN = Permission()
