"""What every rule on windows of events says, whatever its detector: which events count, and which of them are bad."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from services.monitor.aggregates.counts import Asks, Counting
from services.monitor.rules.incidents import Ending, IncidentRule
from shared.conditions import Condition
from shared.configuration.files import Config, Duration


def _reasonable(window: timedelta) -> timedelta:
    if not timedelta(seconds=5) <= window <= timedelta(hours=24):
        raise ValueError("a window is between 5 s and 24 h")
    return window


Window = Annotated[Duration, AfterValidator(_reasonable)]


class Impact(Config):
    """The rule's measure of who is affected."""

    at_least: int = Field(1, ge=1, description="own bad events within the window before a customer is confirmed affected")


class Resolving(Ending):
    """How an incident of a window ends, whatever opened it."""

    calm: Duration = Field(timedelta(minutes=2), description="for how long all must be well; longer than your events are late")


class ComponentRule(IncidentRule):
    """A rule judges each component over a sliding window of event time."""

    events: list[str] = Field(min_length=1, description="the event types that count")
    where: Condition = Field({}, description="which of them count; all that is named must hold")
    bad: Condition = Field(min_length=1, description="what makes an event bad; all that is named must hold")
    impact: Impact = Field(Impact(), description="who is affected")
    resolve: Resolving

    @cached_property
    def counting(self) -> Counting:
        """Returns what the rule wants counted."""
        return Counting(
            frozenset(self.events),
            self.where,
            self.component,
            frozenset(self.only),
            self.fails,
            max(self.windows),
            self.impact.at_least,
            tuple(sorted(self.windows)[:-1]),
            number=self.measured,
        )

    @property
    def fails(self) -> Condition:
        """Returns what makes an event bad."""
        return self.bad

    @property
    def measured(self) -> str | None:
        """Returns where an event says the number of which a sketch is kept; None: the rule looks at counts alone."""
        return None

    @property
    def windows(self) -> frozenset[int]:
        """Returns the windows that the rule looks at, in seconds; all end at the same moment."""
        raise NotImplementedError

    @property
    def silent(self) -> timedelta:
        """Returns after how long without an event of its component an open incident is marked silent."""
        return self.resolve.silent

    @property
    def asks(self) -> tuple[Asks, ...]:
        """Returns itself: there is nothing else that it wants counted."""
        return (self,)

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well; 0: one without events says so, too."""
        raise NotImplementedError

    @cached_property
    def half(self) -> "ComponentRule":
        """Returns the rule that opens an incident by half the evidence: half of each number that it takes. What it measures stays.

        A share, a percentile or a burn rate is no number of events: what is said to be bad stays as bad.
        """
        opening: Config = vars(self)["open"]  # each kind has its own
        numbers = {name: -(-value // 2) for name, value in opening if isinstance(value, int)}
        return self.model_copy(update={"open": opening.model_copy(update=numbers)})

    @property
    def width(self) -> int:
        """Returns how many seconds one bucket has."""
        return self.counting.width

    @property
    def fingerprint(self) -> str:
        """Returns the fingerprint of what is counted."""
        return self.counting.fingerprint


class WindowRule(ComponentRule):
    """A rule looks back over one window."""

    window: Window = Field(timedelta(minutes=1), description="how far back it looks, in event time: 5s to 24h")

    @property
    def windows(self) -> frozenset[int]:
        """Returns its one window, in seconds."""
        return frozenset({int(self.window.total_seconds())})
