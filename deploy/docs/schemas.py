"""Makes one JSON Schema for the product event and for each fact: what a reader accepts, so what a writer may rely on."""

from functools import cache
from inspect import cleandoc
from typing import Any

import msgspec
from pydantic.json_schema import GenerateJsonSchema

from deploy.docs.remarks import remarks
from shared.events import FACT_OF, FACTS, HOP_LIMIT, Fact, Payload, ProductEvent, Topic

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PRODUCT_EVENT = "product.event.v1.json"
ALWAYS_SAID = ("specversion", "id", "source", "type", "subject", "time")  # our models default some of them, but every message has them
BY_PRODUCTS = {*FACTS[Topic.CUSTOMERS], *FACTS[Topic.SUPPORT_REQUESTS]}  # they need not say a time: the time of arrival counts then
EXTENSION = {"type": ["string", "boolean", "integer"], "description": "an attribute we do not know: kept as it came"}


@cache
def schemas() -> dict[str, Schema]:
    """Returns all schemas by file name."""
    return {PRODUCT_EVENT: product_event(), **{file_of(fact): fact_schema(fact) for fact in FACT_OF.values()}}


def file_of(fact: type[Fact]) -> str:
    return f"{type_of(fact)}.json"


def type_of(fact: type[Fact]) -> str:
    return str(fact.model_fields["type"].default)


def product_event() -> Schema:
    """Returns a schema that is open where the CloudEvents specification is open: extension attributes, and data in base64."""
    schema = msgspec.json.schema(ProductEvent)["$defs"]["ProductEvent"]
    properties = _described(
        {name: _unset_is_left_out(of) for name, of in schema["properties"].items() if name != "extensions"}, ProductEvent
    )
    properties["data_base64"] = {"type": "string", "contentEncoding": "base64", "description": "the data, when it is not text"}
    properties["hops"] = {"type": "integer", "minimum": 0, "maximum": HOP_LIMIT, "description": "as in a fact, if it follows from one"}
    return {
        "$schema": DIALECT,
        "$id": PRODUCT_EVENT,
        "title": "ProductEvent",
        "description": summary(ProductEvent),
        "type": "object",
        "properties": properties,
        "required": [name for name in schema["required"] if name != "time"],  # without a time, the time of arrival counts
        "not": {"required": ["data", "data_base64"]},
        "additionalProperties": EXTENSION,
    }


def fact_schema(fact: type[Fact]) -> Schema:
    schema = fact.model_json_schema(schema_generator=_WithoutTitles)
    payloads = {cls.__name__: cls for cls in _payloads(Payload)} | {"Data": getattr(fact, "Data", Payload)}
    for name, definition in schema.get("$defs", {}).items():
        definition["properties"] = _described(definition["properties"], payloads[name])
    properties = _described({name: _unset_is_left_out(of) for name, of in schema["properties"].items()}, fact)
    properties["hops"]["maximum"] = HOP_LIMIT
    for name in ALWAYS_SAID:
        properties[name].pop("default", None)
    needed = [name for name in ALWAYS_SAID if name != "time" or fact not in BY_PRODUCTS]
    return {
        "$schema": DIALECT,
        "$id": file_of(fact),
        "title": fact.__name__,
        "description": cleandoc(fact.__doc__ or ""),
        "type": "object",
        "properties": properties,
        "required": [*needed, *(["data"] if fact.model_fields["data"].is_required() else [])],
        "$defs": schema.get("$defs", {}),
    }


def summary(owner: type) -> str:
    """Returns the first paragraph of a class's docstring."""
    return cleandoc(owner.__doc__ or "").split("\n\n")[0].replace("\n", " ")


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out titles, which only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _described(properties: dict[str, Schema], owner: type) -> dict[str, Schema]:
    said = remarks(owner)
    return {name: {**of, **({"description": said[name]} if name in said else {})} for name, of in properties.items()}


def _unset_is_left_out(attribute: Schema) -> Schema:
    """Returns the schema of an attribute that may be absent; a reader takes null for the same, and no writer writes it."""
    match attribute:
        case {"anyOf": [of, {"type": "null"}]}:
            return dict(of)
        case {"default": None}:
            return {name: held for name, held in attribute.items() if name != "default"}
    return attribute


def _payloads(of: type[Payload]) -> list[type[Payload]]:
    return [of, *(found for cls in of.__subclasses__() for found in _payloads(cls))]
