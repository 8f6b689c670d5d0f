"""The part of support.yml that holds the words of automatic answers. Pure."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from shared.configuration.files import Config
from shared.configuration.templates import naming_only

FIELDS = frozenset({"number", "subject", "title", "component", "started_at", "resolved_at"})

Words = Annotated[str, Field(min_length=1), naming_only(FIELDS)]


class Template(Config):
    """One automatic answer. Fields: number, subject, title, component, started_at, resolved_at."""

    subject: Words = Field(description="one line")
    body: Words = Field(description="what the customer reads")


class Answers(Config):
    """The automatic answers to a ticket when it is linked to an incident."""

    known: Template = Field(description="the incident goes on")
    fixed: Template = Field(description="it was over when the customer wrote, or when we knew that they were affected")
    resolved: Template | None = Field(None, description="not used any more; notifications.yml has the words of the all-clear")

    def doubts(self) -> Iterator[str]:
        """Yields what an operator should mend. A file of an older version still has words for the all-clear; they belong elsewhere now."""
        if self.resolved is not None:
            yield "`resolved` is not used any more: notifier tells customers that an incident is over, in the words of notifications.yml"
