"""Recalls what an alert said when it began to fire, for systems that do not say it again with its end. Pure.

An alert is one from its start to its end, however often it is sent meanwhile, and its end is one, however often that is sent.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.monitor.aggregates.alerts import Alert


@dataclass(frozen=True, slots=True)
class Fired:
    """Is what is known of the alert that had this key last."""

    component: str
    name: str
    starts_at: datetime
    ended_at: datetime | None = None


def recalled(alert: Alert, fired: Fired | None) -> tuple[Alert, Fired]:
    """Returns the alert as one with what is known of it, and what is known of it then."""
    if alert.status == "firing":
        if fired is not None and (fired.ended_at is None or alert.starts_at <= fired.ended_at):
            return replace(alert, component=fired.component, starts_at=fired.starts_at), fired
        return alert, Fired(alert.component, alert.name, alert.starts_at)
    if fired is None:
        fired = Fired(alert.component, alert.name, alert.starts_at)
    ended_at = fired.ended_at or max(alert.ends_at or fired.starts_at, fired.starts_at)
    ended = replace(alert, component=fired.component, name=alert.name or fired.name, starts_at=fired.starts_at, ends_at=ended_at)
    return ended, replace(fired, ended_at=ended_at)
