"""The part of support.yml that holds the words of automatic answers. Pure."""

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.config import Config

FIELDS = frozenset({"number", "subject", "title", "component", "started_at", "resolved_at"})


def _knows_its_fields(text: str) -> str:
    """Refuses a field that no answer fills, when the file is read rather than when a customer waits."""
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None and (name not in FIELDS or spec or conversion):
            raise ValueError(f"{{{name}}} is none of {', '.join(sorted(FIELDS))}")
    return text


Words = Annotated[str, Field(min_length=1), AfterValidator(_knows_its_fields)]


class Template(Config):
    """One automatic answer. Fields: number, subject, title, component, started_at, resolved_at."""

    subject: Words
    body: Words


class Answers(Config):
    """The automatic answers there are."""

    known: Template  # the incident goes on
    fixed: Template  # it was over when the customer wrote, or when we knew that they were affected
    resolved: Template  # it is over now
