"""What notifier answers about consent, as far as the command line shows it: another version may say more."""

from datetime import datetime

from pydantic import BaseModel


class Switch(BaseModel):
    """A switch that is thrown."""

    scope: str
    name: str
    mode: str
    reason: str
    by: str
    at: datetime


class Switches(BaseModel):
    """All of them."""

    items: list[Switch]


class Approval(BaseModel):
    """An audience that waits for a person, or did."""

    id: str
    gate: str
    rule: str
    title: str | None
    standing: str
    total: int
    expires_at: datetime
    first_by: str | None


class Approvals(BaseModel):
    """A page of them."""

    items: list[Approval]


class Sample(BaseModel):
    """A message as a customer would read it."""

    customer_id: str
    missing: list[str]
    subject: str
    text: str


class Story(Approval):
    """One of them, with all that is needed to decide."""

    seen: str
    waiting: int
    channels: dict[str, int] = {}  # older versions do not say it
    left_out: dict[str, int]
    normal: int | None
    oldest: datetime | None
    newest: datetime | None
    samples: list[Sample]


class Correction(BaseModel):
    """A correction, and how many it is for."""

    id: str
    customers: int
