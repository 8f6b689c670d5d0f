"""What monitor and notifier answer when they are asked why, as far as the command line shows it: another version may say more."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Whole(BaseModel):
    """An answer of which all is kept, for --json."""

    model_config = ConfigDict(extra="allow")


class Touched(Whole):
    """monitor: whether the incident touches the customer."""

    customer_id: str
    touched: bool | None
    because: str
    words: str
    rule: str
    rule_version: str | None
    merged_into: str | None


class Incident(Whole):
    """notifier: the incident as it knows it."""

    status: str
    severity: str
    rule_version: str | None


class Way(Whole):
    """One way by which it was brought, or tried to be; the address is masked."""

    channel: str
    address: str
    status: str
    tries: int
    began_at: datetime
    ended_at: datetime | None


class Waits(Whole):
    """What a notification waits for."""

    words: str
    until: datetime | None


class Notification(Whole):
    """One thing that the customer must know."""

    kind: str
    ticket_id: str | None
    status: str
    reason: str | None
    about_at: datetime
    created_at: datetime
    settled_at: datetime | None
    told_with: str | None
    policy: str | None
    rule_version: str | None
    figures: dict[str, Any] | None
    waits_for: Waits | None
    ways: list[Way]


class Told(Whole):
    """notifier: whether the customer was told."""

    because: str
    words: str
    incident: Incident | None
    customer_known: bool
    erased_at: datetime | None
    moved_to: str | None
    notifications: list[Notification]
    more: bool
