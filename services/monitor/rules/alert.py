"""The rule for alerts: another system has judged already, and an incident is open while an alert of the component fires."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.aggregates.counts import USES, Asked, Asks, Counting, Purpose
from services.monitor.rules.incidents import Ending, IncidentRule
from shared.conditions import Condition, reader
from shared.configuration.files import Config, Duration

AT_ONCE = 1.0  # seconds: alerts are no matter of windows


class Uses(Config):
    """Whom the trouble likely touches: who used the component shortly before it began, or while it is open."""

    events: list[str] = Field(min_length=1, description="the event types that say that a customer uses a component")
    component: str = Field("data.component", description="where such an event says its component")
    where: Condition = Field({}, description="which of them count; all that is named must hold")
    within: Duration = Field(timedelta(minutes=15), description="how long before the incident began a use counts: 5s to 24h")

    @field_validator("within")
    @classmethod
    def _reasonable(cls, within: timedelta) -> timedelta:
        if not timedelta(seconds=5) <= within <= timedelta(hours=24):
            raise ValueError("it is between 5 s and 24 h")
        return within

    @model_validator(mode="after")
    def _names_a_field(self) -> "Uses":
        reader(self.component)
        return self


class Silence(Ending):
    """The incident ends when no alert of its component fires any more. An alert that nobody mentions has not ended."""

    silent: Duration = Field(
        timedelta(hours=5),
        description="an open incident of which no alert is said again for so long is marked silent;"
        " longer than your alerts are repeated (Alertmanager's repeat_interval, 4h)",
    )


class AlertRule(IncidentRule):
    """Per component, the alerts of other systems: the first that fires opens an incident, the last that ends resolves it."""

    detector: Literal["alert"] = Field(description="how trouble is found: another system's alert says so")
    symptom: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")] = Field(
        "trouble", description="failing, slow: chooses the words of mails; trouble has the general ones"
    )
    alerts: Condition = Field({}, description="which alerts count, by what their events say; all that is named must hold")
    uses: Uses | None = Field(None, description="whom it likely touches; not given: nobody but the customers whom alerts name")
    resolve: Silence = Field(Silence(), description="when nothing is known of it any more")

    @cached_property
    def counting(self) -> Counting:
        """Returns which alerts are looked at. Whom they name is affected."""
        return Counting(
            frozenset({ALERT_REPORTED}),
            self.alerts,
            self.component,
            frozenset(self.only),
            bad={},
            window=AT_ONCE,
            purpose=Purpose.ALERTS,
        )

    @property
    def silent(self) -> timedelta:
        """Returns after how long without an event of its component an open incident is marked silent."""
        return self.resolve.silent

    @cached_property
    def asks(self) -> tuple[Asks, ...]:
        """Returns itself, and whose uses are wanted."""
        if self.uses is None:
            return (self,)
        uses = self.uses
        within = Counting(
            frozenset(uses.events),
            uses.where,
            uses.component,
            frozenset(self.only),
            bad={},
            window=uses.within.total_seconds(),
            purpose=Purpose.USES,
        )
        return self, Asked(self.id + USES, within)

    @property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides which alerts are those of a component."""
        return self.counting.fingerprint
