"""Defines what sources.yml says of OpenTelemetry's logs. Pure."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from shared.configuration.files import Config
from shared.events import Topic
from shared.mapping.model import Emitted, Place, identified_apart
from shared.mapping.turning import Turning

ATTRIBUTES, RESOURCE, BODY = "attributes.", "resource.", "body."
OF_RECORD = frozenset({"severity", "severity_number", "severity_text", "event", "body", "scope", "trace_id", "span_id", "otlp.id"})

PLACE = Place(frozenset(), ("{otlp.id}",), ("/otlp/{resource.service.name}", "/otlp"))

# What is said of an error, unless the file says otherwise. Bodies and other attributes may name people: they stay where they are.
ERRORS = Emitted.model_validate(
    {
        "type": "io.opentelemetry.log",
        "when": {"severity_number": {"at_least": 17}},
        "subject": ["{attributes.user.id}", "{attributes.enduser.id}"],
        "data": {
            "component": "{resource.service.name}",
            "ok": False,
            "severity": "{severity}",
            "event": {"from": ["{event}", "{attributes.event.name}"]},
            "exception": "{attributes.exception.type}",
            "trace_id": "{trace_id}",
        },
    }
)


class Otlp(Config):
    """OTLP says what log records mean that come by `POST /v1/logs`."""

    events: list[Emitted] | None = Field(
        None, min_length=1, description="what each record becomes, if it passes; else errors are `io.opentelemetry.log`"
    )

    @property
    def emits(self) -> Sequence[Emitted]:
        """Returns what each record becomes, if it passes."""
        return self.events or (ERRORS,)

    @field_validator("events")
    @classmethod
    def _can_be_read(cls, events: list[Emitted]) -> list[Emitted]:
        if any(each.once for each in events):
            raise ValueError("once: an exporter sends again; an id that says the same counts once")
        if facts := [each.type for each in events if each.topic is not Topic.PRODUCT_EVENTS]:
            raise ValueError(f"{facts[0]}: a log says what happened in the product, and no fact about a customer")
        identified_apart(events)
        for name in sorted(Turning(lambda row: row, events, PLACE, lambda name: lambda row: name).columns):  # noqa: ARG005
            if name not in OF_RECORD and not name.startswith((ATTRIBUTES, RESOURCE, BODY)):
                known = ", ".join(sorted(OF_RECORD))
                raise ValueError(f"{name}: a log record has {known}, attributes.<key>, resource.<key> and body.<path>")
        return events
