"""What an SMS provider says of itself. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from services.notifier.channels.answer import Answer
from services.notifier.channels.outcome import Outcome, Rendered


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call."""

    method: str
    url: str
    said: Mapping[str, Any]  # as httpx2's `build_request` takes it
    login: tuple[str, str] | None = None  # HTTP's basic authentication


class Provider(Protocol):
    """An SMS provider."""

    @property
    def per_second(self) -> float:
        """The number of calls that it takes in a second."""

    @property
    def ladder(self) -> tuple[timedelta, ...] | None:
        """The pauses between tries, as a channel has them: few, where it cannot be asked whether an earlier one arrived."""

    def call(self, message: Rendered, text: str) -> Call:
        """Returns the call that hands the text over."""

    def outcome(self, answer: Answer, message: Rendered) -> Outcome:
        """Returns what its answer means."""

    def look_up(self, message: Rendered) -> Call | None:
        """Returns the call that asks whether an earlier try arrived; None: it cannot be asked."""

    def found(self, answer: Answer, message: Rendered, text: str) -> Outcome | None:
        """Returns what became of the earlier try; None: it did not arrive."""
