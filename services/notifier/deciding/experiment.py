"""The section `experiments` of notifications.yml: some accounts are not told what can wait, to measure what telling brings. Pure.

The arm is drawn by a hash, as is usual for experiments (Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020, chapter 12).
"""

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from services.notifier.deciding.autonomy import Share
from services.notifier.incident import Incident
from services.notifier.notification import Kind, Notification
from services.notifier.situation import Arm
from shared.configuration.files import Config, PositiveDuration

CRITICAL = "critical"  # the severity of incidents that everybody is told
MAY_BE_HELD_OUT = (Kind.GUIDANCE, Kind.OPENED)


def _may_be_held_out(said: object) -> object:
    if said not in MAY_BE_HELD_OUT:
        may = f"only {' and '.join(MAY_BE_HELD_OUT)} (of incidents that are not {CRITICAL}) may be held out"
        raise ValueError(f"{str(said)[:40]} is told to everybody: {may}")
    return said


HeldOutKind = Annotated[Kind, BeforeValidator(_may_be_held_out)]


class Experiment(Config):
    """What some accounts are not told, for as long as this stands in the file."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", max_length=60, description="another name is another experiment")
    share: Annotated[Share, Field(le=0.5)] = Field(description="of the accounts, that are held out: 10%; half of them at most")
    kinds: tuple[HeldOutKind, ...] = Field(min_length=1, description="guidance; opened: alarms of incidents that are not critical")
    salt: str = Field("", max_length=100, description="draws the arms; empty: the name does")
    wrote_in_within: PositiveDuration = Field(timedelta(hours=72), description="a ticket counts that is opened so soon afterwards")
    ended: bool = Field(False, description="true: nobody is held out any more, and its figures can still be read")

    @property
    def purposes(self) -> list[str]:
        """Returns the purposes of consent that its kinds have."""
        return sorted({"guidance" if kind is Kind.GUIDANCE else "incident" for kind in self.kinds})

    def concerns(self, notification: Notification, incident: Incident | None) -> bool:
        """Says whether this may be held out. What somebody asked for, may have got already, or must know never is."""
        if self.ended or notification.kind not in self.kinds or not notification.proactive or notification.sent_at is not None:
            return False
        return notification.kind is Kind.GUIDANCE or (incident is not None and incident.severity != CRITICAL)

    def arm_of(self, customer_id: str, account: str | None) -> Arm:
        """Returns the arm of an account, or of a customer without one: the same wherever and whenever it is asked for.

        A larger share holds out the same accounts, and others beside them.
        """
        unit = f"account {account}" if account else f"customer {customer_id}"
        drawn = hashlib.sha256(f"{self.salt or self.name}\0{unit}".encode("utf-8", "surrogatepass")).digest()
        return Arm.HELD_OUT if int.from_bytes(drawn[:8], "big") < self.share * 2**64 else Arm.TOLD


def _apart(experiments: tuple[Experiment, ...]) -> tuple[Experiment, ...]:
    names = Counter(each.name for each in experiments)
    kinds = Counter(kind for each in experiments if not each.ended for kind in set(each.kinds))
    if twice := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"{twice[0]} is the name of two experiments")
    if twice := [kind for kind, times in kinds.items() if times > 1]:
        raise ValueError(f"{twice[0]} is in two experiments: neither would measure its own effect")
    return experiments


Experiments = Annotated[tuple[Experiment, ...], AfterValidator(_apart)]
