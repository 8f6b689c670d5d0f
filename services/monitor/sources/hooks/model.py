"""Defines what sources.yml says of a hook: its name, whose webhooks it takes, and what their bodies mean. Pure."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from shared.configuration.files import Config
from shared.events import Topic
from shared.mapping.model import Emitted, Place, Templates, Time, identified_apart

HookKind = Literal["alertmanager", "grafana", "sentry", "stripe", "pagerduty", "datadog", "segment", "json"]
OF_JSON = ("events", "time", "each")  # keys of a hook whose mapping is written out
OF_OTHERS = ("component", "map", "customer")  # keys of one whose kind knows what its bodies mean
SIGNING = ("grafana", "json")  # kinds whose signature can be described

PlainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


def _header(name: str) -> str:
    if not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no name of an HTTP header")
    return name


Header = Annotated[str, AfterValidator(_header)]


class Signature(Config):
    """Is a header that holds an HMAC of the body, made with the hook's secret."""

    header: Header = Field(description="its name")
    algorithm: Literal["sha1", "sha256", "sha512"] = Field("sha256", description="the hash of the HMAC")
    encoding: Literal["hex", "base64"] = Field("hex", description="how the header writes it")
    prefix: str = Field("", description="what stands before it, such as `sha256=`")
    timestamp: Header | None = Field(
        None,
        description="the header whose seconds of the epoch are signed before the body, as `<seconds>:<body>`; it counts for 5 minutes",
    )


class Hook(Config):
    """Is one address that another system posts its webhooks to: `POST /v1/hooks/<name>`."""

    name: PlainName = Field(description="the last part of the path, and of the events' source: `/hooks/<name>`")
    kind: HookKind = Field(description="whose webhooks it takes; `segment` is RudderStack's, too, and `json` anybody's, by `events`")
    secret: PlainName = Field(
        description="the file in the folder `hooks` (or FOREWARN_HOOKS_DIR) that holds the secret; a second line in it counts, too"
    )
    component: Templates | None = Field(None, description="the component: paths of an alert or event in braces. Else as the kind says it")
    map: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="their name of a component → the catalogue's; what is not listed stays"
    )
    customer: Templates | None = Field(None, description="the customer's id, where an alert names one. Else as the kind says it")
    signature: Signature | None = Field(
        None, description="of kind json: else a bearer token. Of kind grafana: where its header has another name"
    )
    each: str | None = Field(None, min_length=1, description="of kind json: as in a source")
    time: Time | None = Field(None, description="of kind json: when it happened; else now")
    events: list[Emitted] = Field([], description="of kind json: what each request becomes, if it passes")

    @property
    def place(self) -> Place:
        """Returns the identity that an event of kind json has, if its mapping gives it none: the digest of the body."""
        entry = ":{hook.entry}" if self.each else ""
        return Place(frozenset(), ("{hook.digest}" + entry,), ("/hooks/{hook.name}",))

    @field_validator("events")
    @classmethod
    def _of_products(cls, events: list[Emitted]) -> list[Emitted]:
        if any(each.once for each in events):
            raise ValueError("once: an id that says the same counts once")
        if any(each.topic is not Topic.PRODUCT_EVENTS for each in events):
            raise ValueError("a hook says what happened in the product; who is a customer, or asks for support, is said elsewhere")
        identified_apart(events)
        return events

    @model_validator(mode="after")
    def _keys_are_of_the_kind(self) -> "Hook":
        foreign = [*(OF_OTHERS if self.kind == "json" else OF_JSON), *(() if self.kind in SIGNING else ("signature",))]
        if found := [name for name in foreign if name in self.model_fields_set]:
            raise ValueError(f"{', '.join(found)}: not of kind {self.kind}")
        if self.kind == "json" and not self.events:
            raise ValueError("events: a hook of kind json says what its requests become")
        return self
