"""Defines what a mapping may say: how a row of a file, or a record of a topic, becomes events. Pure; `files.py` reads the YAML."""

from collections.abc import Iterable
from datetime import UTC, tzinfo
from string import Formatter
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, InstanceOf, Tag, WithJsonSchema, model_validator
from typing_extensions import TypeAliasType

from shared.conditions import Comparison, Wanted
from shared.configuration.files import Config, meant
from shared.events import FACT_OF, TOPIC_OF, Topic

FROM_PRODUCTS = (Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS)  # the facts that product systems say


class Place(NamedTuple):
    """Says where a row or record was read: names that every one has beside what it says itself, and the identity it has by them."""

    own: frozenset[str]
    id: tuple[str, ...]  # templates of `own`
    source: tuple[str, ...]


Scalar = Annotated[bool | int | float | str, meant("one value: a text, a number, true or false")]
Plain = Annotated[bool | int | float | None, meant("a text, a number, true, false or null")]


def names_in(text: str) -> list[tuple[str, str | None]]:
    """Splits a template into pieces: (text, the column after it, or None at the end). Raises ValueError when it is none."""
    pieces = []
    for before, name, spec, conversion in Formatter().parse(text):
        if name == "" or spec or conversion:
            raise ValueError(f"{text!r}: braces hold a column's name and nothing else; a brace that is meant is written twice")
        pieces.append((before, name))
    return pieces


def _template(text: str) -> str:
    names_in(text)
    return text


def _no_column(said: object) -> object:
    """Refuses a column's name in braces without quotes, which YAML reads as an object that holds nothing."""
    if isinstance(said, dict) and said and not any(value is not None for value in said.values()):
        raise ValueError(f'braces without quotes are an object; write "{{{next(iter(said))}}}" where a column is meant')
    return said


def _several(said: object) -> object:
    return [said] if isinstance(said, str) else said


def pattern(text: str) -> Any:
    """Compiles a regular expression of RE2, whose time grows linearly with the text. Raises ValueError for what is none.

    https://github.com/google/re2/wiki/Syntax
    """
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(text.encode(), options)
    except re2.error as error:
        raise ValueError(f"not a regular expression of RE2: {error.args[0].decode(errors='replace')}") from None
    if compiled.groups != 1:
        raise ValueError("needs one group, in parentheses: what to take")
    return compiled


def _pattern(text: str) -> str:
    pattern(text)
    return text


def _route(text: str) -> str:
    if not text.startswith("/") or "?" in text or "#" in text:
        raise ValueError(f"{text!r}: a route is a path, and begins with /")
    return text


def _zone(name: object) -> object:
    try:
        return ZoneInfo(name) if isinstance(name, str) else name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone") from None


Zone = Annotated[InstanceOf[tzinfo], BeforeValidator(_zone), WithJsonSchema({"type": "string"})]
Template = Annotated[str, BeforeValidator(_no_column), AfterValidator(_template)]
TEXTS = {"kind": "text, or list of texts"}
Templates = Annotated[  # the first whose columns all say something
    tuple[Template, ...],
    Field(min_length=1, json_schema_extra=TEXTS),
    meant("a text or a list of texts"),
    BeforeValidator(_several),
    BeforeValidator(_no_column),
]
Condition = dict[str, Wanted]


class Value(Config):
    """A value is more than text: it is taken, cut out, named, looked up, converted and judged, in this order."""

    from_: Templates = Field(alias="from", description="texts with columns in braces: the first whose columns all say something")
    match: Annotated[str, AfterValidator(_pattern)] | None = Field(None, description="a regular expression (RE2); its one group is taken")
    routes: dict[Annotated[str, AfterValidator(_route)], Annotated[str, Field(min_length=1)]] | None = Field(
        None,
        description="what a path begins with, in whole parts → its name; * is any one part. Else the first part, if a plain word",
    )
    empty: Scalar | None = Field(None, description="what stands for an empty text")
    map: dict[str, Scalar] = Field({}, description="what the file says → what the event says; what is not listed is not there")
    as_: Literal["text", "number", "boolean", "lower"] | None = Field(None, alias="as", description="what it is made")
    is_: Comparison | None = Field(None, alias="is", description="true or false: whether the number compares so")
    default: Scalar | None = Field(None, description="when there is nothing; without it the field is left out")


def _kind(said: Any) -> str:
    match said:
        case dict():
            return "value" if "from" in said else "object"
        case list():
            return "list"
        case str():
            return "template"
        case _:
            return "literal"


Object = TypeAliasType("Object", "Annotated[dict[str, Node], BeforeValidator(_no_column)]")
# An object with a `from` is a value; anything else in `data` is JSON whose texts are templates.
# The alias is in quotes, since it refers to itself.
Node = TypeAliasType(
    "Node",
    "Annotated[Annotated[Value, Tag('value')] | Annotated[Object, Tag('object')] | Annotated[list[Node], Tag('list')]"
    " | Annotated[Template, Tag('template')] | Annotated[Plain, Tag('literal')], Discriminator(_kind)]",
)


class Time(Config):
    """Says when it happened."""

    from_: Template = Field(alias="from", description="a text with columns in braces")
    formats: list[str] = Field(["iso"], min_length=1, description="iso, unix, unix_ms, or as strptime has them; the first that fits")
    timezone: Zone = Field(
        default_factory=lambda: UTC,
        description="an IANA time zone, of times that do not say theirs",
        json_schema_extra={"default": "UTC", "examples": ["Europe/Berlin"]},
    )


class Emitted(Config):
    """Is one event that a row or record becomes, if it passes."""

    type: str = Field(min_length=1, description="of the event: a type of yours, or a fact that product systems say")
    when: Condition = Field({}, description="by column; all that is named must hold")
    once: Templates | None = Field(None, description="only the first row that says this")
    id: Templates | None = Field(
        None,
        description="unique within its source; said again, it is the same event. Else where it is read from: file and row, or partition and"
        " offset",
    )
    source: Templates | None = Field(
        None,
        description="who says it: with the id, an event's identity. Else `/replay/<file>`, or `/topic/<topic>`",
    )
    subject: Templates | None = Field(None, description="the customer; left out where a machine speaks")
    data: dict[str, Node] = Field(
        {},
        description="what the event says: objects, lists, and texts with columns in braces",
        json_schema_extra={"kind": "name → JSON, or a [Value](#value)"},
    )

    @model_validator(mode="after")
    def _somebody_reads_it(self) -> "Emitted":
        if self.type.startswith("forewarn.") and self.topic is Topic.PRODUCT_EVENTS:
            known = ", ".join(sorted(name for name, fact in FACT_OF.items() if TOPIC_OF[fact] in FROM_PRODUCTS))
            raise ValueError(f"{self.type} is Forewarn's own to say; a product says {known}, or types of its own")
        if self.topic is not Topic.PRODUCT_EVENTS and self.subject is None:
            raise ValueError(f"{self.type} is about a customer: say the subject")
        return self

    @property
    def topic(self) -> Topic:
        """Returns the event's topic: a fact goes to its own topic, any other type to the product events."""
        topic = TOPIC_OF.get(FACT_OF[self.type]) if self.type in FACT_OF else None
        return topic if topic in FROM_PRODUCTS else Topic.PRODUCT_EVENTS


def identified_apart(events: Iterable[Emitted]) -> None:
    """Raises ValueError when two events of one row would have one identity."""
    names = [(each.source, each.id) for each in events]
    if len(set(names)) < len(names):
        raise ValueError("events: two of a row would have the same id and source, and count as one; give each an id of its own")
