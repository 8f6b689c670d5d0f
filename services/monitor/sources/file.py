"""The model of the sources file: which topics of the company's are read, and how a record of each becomes events. Pure."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from shared.configuration.files import Config
from shared.events import Topic
from shared.mapping.model import Emitted, Place, Time, identified_apart
from shared.mapping.turning import Turning

KAFKA, EACH, HEADER = "kafka.", "each.", "kafka.header."  # what the names begin with that do not lead into the record's value
OF_KAFKA = frozenset({"topic", "partition", "offset", "key", "entry"})  # beside the headers

_name = re.compile(r"[A-Za-z0-9._-]{1,245}").fullmatch  # Kafka's own rule, with room for `.dlq`


def _foreign(topic: str) -> str:
    if not _name(topic) or topic in (".", ".."):
        raise ValueError(f"{topic!r} is no name of a Kafka topic")
    if topic in {each.value for each in Topic} or topic.endswith(".dlq"):
        raise ValueError(f"{topic} is Forewarn's own: a source is a topic that another system writes")
    return topic


class Source(Config):
    """Is one topic, and what its records mean."""

    topic: Annotated[str, AfterValidator(_foreign)] = Field(description="as the brokers call it; the prefix of Forewarn's own is not added")
    format: Literal["json"] = Field("json", description="of a record's value: one JSON object")
    each: str | None = Field(
        None, min_length=1, description="the path of a list in the record: each entry is mapped, and its own names begin with `each.`"
    )
    time: Time | None = Field(None, description="when it happened; else the record's own timestamp")
    events: list[Emitted] = Field(min_length=1, description="what each record becomes, if it passes")

    @property
    def place(self) -> Place:
        """Returns the identity that an event has by where it was read."""
        entry = ":{kafka.entry}" if self.each else ""
        return Place(frozenset(), ("{kafka.partition}:{kafka.offset}" + entry,), (f"/topic/{self.topic}",))

    def names(self) -> list[str]:
        """Returns every name that the mapping reads of a record."""
        never = Turning(self.time or (lambda row: row), self.events, self.place, lambda name: lambda row: name)  # noqa: ARG005
        return sorted(never.columns)

    @model_validator(mode="after")
    def _distinct(self) -> "Source":
        identified_apart(self.events)
        return self

    @field_validator("events")
    @classmethod
    def _without_memory(cls, events: list[Emitted]) -> list[Emitted]:
        if any(each.once for each in events):
            raise ValueError("once: a topic is read again after a restart; an id that says the same counts once")
        return events

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> "Source":
        for name in self.names():
            if name.startswith(KAFKA) and not name.startswith(HEADER) and name.removeprefix(KAFKA) not in OF_KAFKA:
                known = ", ".join(f"kafka.{each}" for each in sorted(OF_KAFKA))
                raise ValueError(f"{name}: a record has {known} and kafka.header.<name>")
            if name.startswith(EACH) and self.each is None:
                raise ValueError(f"{name}: names begin with `each.` only where `each` says which list is meant")
        return self


class SourcesFile(Config):
    """The sources say what the company's own topics mean."""

    sources: list[Source] = Field([], description="each a topic of its own")

    @field_validator("sources")
    @classmethod
    def _distinct(cls, sources: list[Source]) -> list[Source]:
        topics = [each.topic for each in sources]
        if len(set(topics)) < len(topics):
            raise ValueError("two sources read the same topic: give one of them the events of both")
        return sources
