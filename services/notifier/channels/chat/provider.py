"""What a chat provider says of itself. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.notifier.channels.answer import Answer
from services.notifier.channels.outcome import Outcome, Rendered


@dataclass(frozen=True, slots=True)
class Provider:
    """A chat provider."""

    name: str
    hosts: tuple[str, ...]  # `*.` before one: every host below it
    path: str  # how the path of every address begins
    every: float  # seconds between two messages to one address
    body: Callable[[Rendered], Mapping[str, Any]]  # the JSON that is posted
    outcome: Callable[[Answer], Outcome]
    parameters: Mapping[str, str] = field(default_factory=dict)  # that are added to an address
    wait: Callable[[Answer], timedelta | None] = lambda answer: None  # noqa: ARG005  after it was taken: how long until the next may come
