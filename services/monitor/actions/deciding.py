"""Decides what is done now about a risk whose action is due, and when a webhook is called again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.monitor.incidents.life import BEHIND, behind_seconds
from services.monitor.risk.life import ActionStatus, RiskRow
from shared.webhooks.retrying import PAUSES, jittered

AGAIN = timedelta(seconds=15)  # between looks whether monitor has caught up: as often as it notes how far it reads


@dataclass(frozen=True, slots=True)
class Ask:
    """Whoever does this kind of action is asked to do it."""


@dataclass(frozen=True, slots=True)
class Call:
    """The webhook is called."""

    name: str


@dataclass(frozen=True, slots=True)
class Wait:
    """monitor reads old events still: what it finds may be over."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Withhold:
    """Nothing is done, and why."""

    why: str


def decide(row: RiskRow, now: datetime, read_to: datetime | None) -> Ask | Call | Wait | Withhold:
    """Returns what is done about the risk now. `read_to`: the moment up to which monitor has read all that there is."""
    if row.action is None or row.action_status != ActionStatus.WAITING:
        return Withhold("nothing is to be done")
    if not row.open:
        return Withhold("the risk was over before")
    if read_to is None or behind_seconds(now, read_to) > BEHIND:
        return Wait(now + AGAIN)
    return Call(row.action["name"]) if row.action["kind"] == "webhook" else Ask()


def next_call(risk_id: str, tries: int, now: datetime) -> datetime | None:
    """Returns when a webhook that did not take `tries` calls is called again; None: it has failed for good. `risk_id` sets the jitter."""
    return now + jittered(PAUSES[tries - 1], f"{risk_id}/{tries}") if tries <= len(PAUSES) else None
