"""The section `autonomy` of notifications.yml: how far each rule may go alone, and what stops one that goes too far. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from services.notifier.permission import Step
from shared.configuration.files import Config, PositiveDuration


def _read_percent(said: object) -> object:
    """Reads `1%`; a number is a share already."""
    if isinstance(said, str) and said.endswith("%"):
        try:
            return float(said.removesuffix("%")) / 100
        except ValueError:
            raise ValueError(f"{said[:40]!r} is not a share, as in 1%") from None
    return said


Share = Annotated[float, BeforeValidator(_read_percent), Field(ge=0, le=1)]


class Limit(Config):
    """A number of customers: a share of the directory, or a number when that is more."""

    share: Share = Field(description="of the customers in the directory: 1%")
    at_least: int = Field(ge=0, description="customers, however small the directory is")

    def of(self, directory: int) -> int:
        return max(self.at_least, int(self.share * directory))


class Freedom(Config):
    """How far a rule may go alone, until a person or a false alarm changes its step."""

    step: Step = Field(Step.AUTO_UP_TO, description="shadow, approve, auto_up_to or auto")
    auto_up_to: Share = Field(0.01, description="at the step auto_up_to, so many are told without approval: a share of the directory …")
    at_least: int = Field(500, ge=0, description="… or so many customers, when that is more")

    def up_to(self, directory: int) -> int:
        """Returns how many customers are told without approval at the step `auto_up_to`."""
        return Limit(share=self.auto_up_to, at_least=self.at_least).of(directory)


class Brakes(Config):
    """What stops a rule until a person releases it."""

    grows: float = Field(2.0, gt=1, description="the audience is so many times that which a person approved")
    normal: float = Field(10.0, gt=1, description="the rule's audiences of the last hour are so many times its normal one …")
    normal_after: int = Field(5, ge=1, description="… which is the median of its last 20, once there are so many")
    at_least: int = Field(100, ge=1, description="no audience below this is thought large")
    repeats: int = Field(6, ge=1, description="the rule has told one customer of so many incidents …")
    repeats_per: PositiveDuration = Field(timedelta(hours=6), description="… within this time, and would tell them of another")


class Autonomy(Config):
    """Whom Forewarn may tell without asking a person."""

    default: Freedom = Field(Freedom(), description="of rules that are not named below")
    rules: Mapping[str, Freedom] = Field({}, description="by the rule's id in rules.yml")
    expires_after: PositiveDuration = Field(timedelta(hours=4), description="what nobody has approved by then is not told")
    two_people: Limit = Field(Limit(share=0.1, at_least=5000), description="above this, two people must agree")
    first: int = Field(20, ge=1, le=500, description="customers that `approve-first` has told")
    reviewers: Mapping[str, str] = Field({}, description="who may send an approval's message to themselves, by name: their e-mail address")
    brakes: Brakes = Field(Brakes(), description="what stops a rule that goes too far")

    def of(self, rule: str) -> Freedom:
        return self.rules.get(rule, self.default)
