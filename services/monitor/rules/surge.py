"""The rule for complaints: more customers than usual write about a component. Alone that is a candidate, which a person approves."""

from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from services.monitor.aggregates.counts import Asks
from services.monitor.rules.incidents import IncidentRule
from shared.configuration.files import Config, Duration, PositiveDuration


def _reasonable(window: timedelta) -> timedelta:
    if not timedelta(minutes=5) <= window <= timedelta(hours=24):
        raise ValueError("complaints are counted over 5 minutes to 24 hours")
    return window


class Opening(Config):
    """Complaints rise once both are reached within the window."""

    customers: int = Field(5, ge=2, description="distinct customers who write about the component, at least")
    chance: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        1e-4, description="so many customers, or more, would write by chance with at most this probability, at this hour of the week"
    )


class Calming(Config):
    """What a person approved ends when complaints have not been rising for so long."""

    calm: PositiveDuration = Field(timedelta(hours=1), description="for how long complaints must not have been rising")


class SurgeRule(IncidentRule):
    """Per component, the customers who write about it in `tickets.v1`, against what is usual at that hour of the week."""

    detector: Literal["surge"] = Field(description="how trouble is found: by customers who complain")
    symptom: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")] = Field(
        "trouble", description="failing, slow: chooses the words of mails; trouble has the general ones"
    )
    window: Annotated[Duration, AfterValidator(_reasonable)] = Field(
        timedelta(hours=1), description="how far back it looks, by the time when customers wrote: 5m to 24h"
    )
    usual: Annotated[float, Field(gt=0, le=10_000)] = Field(
        1.0,
        description="customers who write about a component within a window, while nothing is known of it; worth a week of history",
    )
    open: Opening = Field(Opening(), description="when complaints rise: both are reached within the window")
    candidate_for: PositiveDuration = Field(
        timedelta(hours=2), description="how long after complaints have ceased to rise a candidate is dropped"
    )
    resolve: Calming = Field(Calming(), description="when an incident that a person approved is over")

    @model_validator(mode="after")
    def _not_on_trial(self) -> "SurgeRule":
        if self.shadow:
            raise ValueError("shadow: a surge tells nobody before a person approves it")
        if self.escalate:
            raise ValueError("escalate: how bad it is a person says who approves it")
        return self

    @property
    def silent(self) -> None:
        """Complaints do not fall silent: when nobody writes, they have ceased."""
        return

    @property
    def asks(self) -> tuple[Asks, ...]:
        """Returns nothing: it counts no product events."""
        return ()

    @property
    def fingerprint(self) -> str:
        """Returns the same for every such rule: what is kept are complaints, whatever the rule makes of them."""
        return sha256(b"complaints").hexdigest()[:12]
