"""The model of the rules file; its conditions (`where`, `bad`) are those of `shared/conditions.py`. Pure: others read the file."""

from datetime import timedelta

from pydantic import Field, field_validator

from services.monitor.rules.ratio import RatioRule
from shared.configuration.files import Config, PositiveDuration

Rule = RatioRule  # the union of all kinds, told apart by their `detector`: one file a kind


class RulesFile(Config):
    """The rules say what counts as trouble."""

    horizon: PositiveDuration = Field(
        timedelta(minutes=10), description="how late an event may come and still count; a duplicate is known for twice as long"
    )
    rules: list[Rule] = Field(description="each looks at every component that it meets")

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.id for rule in rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same id")
        return rules
