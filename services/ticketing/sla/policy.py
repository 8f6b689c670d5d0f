"""The promises of support.yml: a target for the first response to each priority. Pure."""

from pydantic import Field, model_validator

from services.ticketing.ticket import Priority
from shared.configuration.files import Config, PositiveDuration


class FirstResponse(Config):
    """The targets by priority, and the part of a target after which an agent is warned."""

    targets: dict[Priority, PositiveDuration] = Field(description="a first answer within so long, for each priority")
    warn_at: float = Field(0.75, gt=0, lt=1, description="the part of a target after which an agent is warned")

    @model_validator(mode="after")
    def _complete(self) -> "FirstResponse":
        if missing := set(Priority.__args__) - self.targets.keys():  # type: ignore[attr-defined]
            raise ValueError(f"targets: {', '.join(sorted(missing))} missing")
        return self
