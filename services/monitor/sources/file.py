"""The model of the sources file: which of the company's topics are read, what their records mean, and which hooks there are. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.otlp.model import Otlp
from services.monitor.sources.presets.preset import Preset
from services.monitor.sources.presets.registry import PRESETS
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


def _known(format_: str) -> str:
    if format_ not in PRESETS:
        raise ValueError(f"{format_!r} is no format; there is {', '.join(PRESETS)}")
    return format_


class Source(Config):
    """Is one topic, and what its records mean."""

    topic: Annotated[str, AfterValidator(_foreign)] = Field(description="as the brokers call it; the prefix of Forewarn's own is not added")
    format: Annotated[str, AfterValidator(_known)] = Field(
        "json", description="of the records: json (one object each), " + ", ".join(sorted(PRESETS.keys() - {"json"}))
    )
    each: str | None = Field(
        None, min_length=1, description="the path of a list in the record: each entry is mapped, and its own names begin with `each.`"
    )
    time: Time | None = Field(None, description="when it happened; else what the format says, or the record's own timestamp")
    events: list[Emitted] | None = Field(
        None, min_length=1, description="what each record becomes, if it passes; of `segment` it need not be said"
    )

    @property
    def preset(self) -> Preset:
        """Returns what is known of the format."""
        return PRESETS[self.format]

    @property
    def emits(self) -> Sequence[Emitted]:
        """Returns what each record becomes, if it passes."""
        return self.events or self.preset.events

    @property
    def place(self) -> Place:
        """Returns the identity that an event has without being told: by its format, else by where it was read."""
        entry = ":{kafka.entry}" if self.each else ""
        ids = (*self.preset.id, "{kafka.partition}:{kafka.offset}")
        return Place(frozenset(), tuple(id_ + entry for id_ in ids), (f"/topic/{self.topic}",))

    def names(self) -> list[str]:
        """Returns every name that the mapping reads of a record."""
        never = Turning(self.time or (lambda row: row), self.emits, self.place, lambda name: lambda row: name)  # noqa: ARG005
        return sorted(never.columns)

    @model_validator(mode="after")
    def _distinct(self) -> "Source":
        if not self.emits:
            raise ValueError(f"events: say what a record becomes; the format {self.format} does not")
        identified_apart(self.events or ())
        return self

    @field_validator("events")
    @classmethod
    def _without_memory(cls, events: list[Emitted] | None) -> list[Emitted] | None:
        if any(each.once for each in events or ()):
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
    """The sources say what the company's own topics mean, and the hooks what other systems' webhooks do."""

    sources: list[Source] = Field([], description="each a topic of its own")
    hooks: list[Hook] = Field([], description="each an address of its own, `POST /v1/hooks/<name>`")
    otlp: Otlp = Field(Otlp(), description="what log records of OpenTelemetry mean, `POST /v1/logs`")

    @field_validator("sources")
    @classmethod
    def _distinct(cls, sources: list[Source]) -> list[Source]:
        topics = [each.topic for each in sources]
        if len(set(topics)) < len(topics):
            raise ValueError("two sources read the same topic: give one of them the events of both")
        return sources

    @field_validator("hooks")
    @classmethod
    def _named_apart(cls, hooks: list[Hook]) -> list[Hook]:
        names = [each.name for each in hooks]
        if len(set(names)) < len(names):
            raise ValueError("two hooks have the same name: their paths would be the same")
        return hooks
