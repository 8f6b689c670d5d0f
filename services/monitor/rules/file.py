"""The model of the rules file; its conditions (`where`, `bad`) are those of `shared/conditions.py`. Pure: others read the file."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.alert import AlertRule
from services.monitor.rules.burn import BurnRule
from services.monitor.rules.count import CountRule
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.decline import DeclineRule
from services.monitor.rules.distinct import DistinctRule
from services.monitor.rules.health import HealthRule
from services.monitor.rules.incidents import IncidentRule
from services.monitor.rules.payment import PaymentRule
from services.monitor.rules.percentile import PercentileRule
from services.monitor.rules.ratio import RatioRule
from services.monitor.rules.renewal import RenewalRule
from services.monitor.rules.silence import SilenceRule
from services.monitor.rules.stall import StallRule
from services.monitor.rules.streak import StreakRule
from services.monitor.rules.surge import SurgeRule
from shared.configuration.files import Config, Duration, PositiveDuration


def _detector(said: Any) -> Any:
    """Returns what tells the kinds of rules apart; a rule that names no detector is judged by the ratio."""
    return said.get("detector", "ratio") if isinstance(said, Mapping) else getattr(said, "detector", None)


Rule = Annotated[
    Annotated[RatioRule, Tag("ratio")]
    | Annotated[CountRule, Tag("count")]
    | Annotated[DistinctRule, Tag("distinct")]
    | Annotated[PercentileRule, Tag("percentile")]
    | Annotated[BurnRule, Tag("burn")]
    | Annotated[AbsenceRule, Tag("absence")]
    | Annotated[AlertRule, Tag("alert")]
    | Annotated[SurgeRule, Tag("surge")]
    | Annotated[StreakRule, Tag("streak")]
    | Annotated[StallRule, Tag("stall")]
    | Annotated[SilenceRule, Tag("silence")]
    | Annotated[DeclineRule, Tag("decline")]
    | Annotated[PaymentRule, Tag("payment")]
    | Annotated[RenewalRule, Tag("renewal")]
    | Annotated[HealthRule, Tag("health")],
    Discriminator(
        _detector,
        custom_error_type="detector",
        custom_error_message="there is no such detector: it is ratio, count, distinct, percentile, burn, absence, alert or surge;"
        " of single customers streak, stall, silence, decline, payment, renewal or health",
    ),
]  # one file a kind


class RulesFile(Config):
    """The rules say what counts as trouble."""

    horizon: PositiveDuration = Field(
        timedelta(minutes=10), description="how late an event may come and still count; a duplicate is known for twice as long"
    )
    grouping: Duration = Field(
        timedelta(),
        description="how long after an incident's beginning what another rule finds in its component joins it; 0s: each rule has its own",
    )
    rules: list[Rule] = Field(description="each looks at every component, or every customer, that it meets")

    @property
    def components(self) -> list[IncidentRule]:
        """Returns the rules on components, in their order: those that open incidents."""
        return [rule for rule in self.rules if isinstance(rule, IncidentRule)]

    @property
    def customers(self) -> list[CustomerRule]:
        """Returns the rules on single customers, in their order."""
        return [rule for rule in self.rules if isinstance(rule, CustomerRule)]

    @property
    def health(self) -> list[HealthRule]:
        """Returns the rules that add up what those on single customers find, in their order."""
        return [rule for rule in self.rules if isinstance(rule, HealthRule)]

    @property
    def renewals(self) -> list[RenewalRule]:
        """Returns the rules that look at renewals beside what those on single customers find, in their order."""
        return [rule for rule in self.rules if isinstance(rule, RenewalRule)]

    @property
    def of_risks(self) -> list[str]:
        """Returns the ids of the rules that raise risks."""
        return [*(rule.id for rule in self.customers), *(rule.id for rule in self.renewals), *(rule.id for rule in self.health)]

    @model_validator(mode="after")
    def _weighs_what_is_there(self) -> "RulesFile":
        weighed = [("weights", name) for rule in self.health for name in rule.weights]
        self._know(weighed + [("falling", name) for rule in self.renewals for name in rule.falling])
        return self

    def _know(self, named: Sequence[tuple[str, str]]) -> None:
        known = {rule.id for rule in self.customers}
        for key in sorted({key for key, name in named if name not in known}):
            others = sorted({name for each, name in named if each == key and name not in known})
            raise ValueError(f"{key}: no rule on single customers is called {', '.join(others)}")

    @field_validator("grouping")
    @classmethod
    def _reasonable(cls, grouping: timedelta) -> timedelta:
        if grouping > timedelta(hours=24):
            raise ValueError("it is between 0s and 24h")
        return grouping

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.id for rule in rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same id")
        return rules
