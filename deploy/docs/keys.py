"""Describes what a configuration file may say, by its pydantic model: each key with its type, default, meaning and an example."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter

from deploy.docs.kinds import Key, Kinds, apart, kinds_of
from deploy.docs.schemas import Schema

SHORT = 60  # characters of an example or of a default that a table shows whole
SCALARS = {"boolean", "integer", "number", "string", "null"}
UNITS = {"_seconds": "seconds", "_days": "days", "_per_minute": "a minute"}  # by how a key ends

_duration = TypeAdapter(timedelta)
_between_words = re.compile(r"(?<=[a-z])(?=[A-Z])").sub
_steps = re.compile(r"\[\]|\.…").findall


@dataclass
class Section:
    """Holds the keys of a file, or of a model that several keys hold."""

    title: str
    about: str
    keys: list[Key] = field(default_factory=list)


class Reference:
    """Makes the tables of one model. A model that one key holds is part of that key's table; one that several keys hold is a section.

    Where entries are of several kinds, each kind has a section with what it alone may say.
    """

    def __init__(self, model: type[BaseModel], example: Any = None) -> None:
        self._root = model.model_json_schema()
        self._definitions: Mapping[str, Schema] = self._root.get("$defs", {})
        uses = self._uses()
        self._apart = {name for name, of in self._definitions.items() if "properties" in of and uses[name] > 1}
        self._apart |= {name for name, of in self._definitions.items() if "properties" in of} - set(self._reached(self._root))
        self._examples: dict[int, Any] = {}
        self._of_kinds: list[Section] = []
        self._collect(self._root, example)

    def sections(self) -> list[Section]:
        """Returns all sections, the file's own keys first."""
        self._of_kinds = []
        whole = self._section(self._root["title"], self._root)
        return [whole, *self._of_kinds, *(self._section(name, self._definitions[name]) for name in sorted(self._apart))]

    def _section(self, name: str, of: Schema) -> Section:
        return Section(_in_words(name), of.get("description", ""), list(self._keys(of, "")))

    def _uses(self) -> Counter[str]:
        """Returns how many keys hold each model; the kinds that an entry may be of have their common keys together."""
        models = [self._root, *self._definitions.values()]
        found = [self._kinds(said) for of in models for said in of.get("properties", {}).values()]
        groups = [list(kinds.models.values()) for kinds in found if kinds]
        grouped = {name for group in groups for name in group}
        alone = {name: of for name, of in self._definitions.items() if name not in grouped}
        uses = Counter(_references(self._root | {"$defs": alone}))
        for group in groups:
            most = Counter[str]()
            for name in group:
                most |= Counter(_references(self._definitions[name]))
            uses += most
        return uses

    def _reached(self, of: Schema) -> Iterator[str]:
        """Yields the models that the tables reach, with a section of their own or without."""
        for said in of["properties"].values():
            for name, _ in self._inside(said):
                yield name
                yield from self._reached(self._definitions[name])

    # ── keys ─────────────────────────────────────────────────────────────────────────────────

    def _keys(self, of: Schema, before: str) -> Iterator[Key]:
        for name, said in of["properties"].items():
            default = "required" if name in of.get("required", ()) else self._default(said)
            yield Key(before + name, self._kind(said) + _unit(name), default, said.get("description", ""), self._example(said))
            if kinds := self._kinds(said):
                yield from self._common(kinds, f"{before}{name}{kinds.way}.")
                continue
            for inner, way in self._inside(said):
                if inner not in self._apart:
                    yield from self._keys(self._definitions[inner], f"{before}{name}{way}.")

    def _common(self, kinds: Kinds, before: str) -> Iterator[Key]:
        """Yields what several kinds may say; what is left of each becomes its section."""
        common, own = apart({said: list(self._keys(self._definitions[name], before)) for said, name in kinds.models.items()})
        for said, name in kinds.models.items():
            self._of_kinds.append(Section(_in_words(name), self._definitions[name].get("description", ""), own[said]))
        which = ", ".join(f"[`{said}`](#{_in_words(name).replace(' ', '-')})" for said, name in kinds.models.items())
        default = next((f"`{said}`" for said, name in kinds.models.items() if name == kinds.default), "required")
        yield Key(before + kinds.key, which, default, "its kind, which has keys of its own beside these")
        yield from common

    def _kinds(self, said: Schema) -> Kinds | None:
        """Returns the kinds that the entries of a key are of; None where they are all of one."""
        inside = list(self._inside(said))
        return kinds_of((name for name, _ in inside), self._definitions, inside[0][1]) if len(inside) > 1 else None

    def _inside(self, said: Schema) -> Iterator[tuple[str, str]]:
        """Yields the models that a key holds, each with the path there."""
        match said:
            case {"$ref": where} if "properties" in self._definitions[(name := _name(where))]:
                yield name, ""
            case {"items": of}:
                yield from ((name, f"[]{way}") for name, way in self._inside(of))
            case {"additionalProperties": dict(of)}:
                yield from ((name, f".…{way}") for name, way in self._inside(of))
            case {"anyOf": of} | {"oneOf": of}:
                yield from (found for each in of for found in self._inside(each))

    # ── words for types ──────────────────────────────────────────────────────────────────────

    def _kind(self, said: Schema) -> str:
        match said:
            case {"kind": kind}:
                return str(kind)
            case {"$ref": where}:
                named = self._definitions[_name(where)]
                return _plain_kind(named) if "enum" in named else self._named(_name(where))
            case {"anyOf": of} | {"oneOf": of}:
                return self._one_of(of)
            case {"type": "array", "items": of}:
                return _with_limits(f"list of {_several(self._kind(of))}", said)
            case {"type": "object", "additionalProperties": dict(of)}:
                return f"{_of_keys(said)} → {self._kind(of)}"
        return _plain_kind(said)

    def _named(self, name: str) -> str:
        words = _in_words(name)
        return f"[{words.capitalize()}](#{words.replace(' ', '-')})" if name in self._apart else "section"

    def _one_of(self, of: list[Schema]) -> str:
        kinds = [each for each in of if each.get("type") != "null"]
        if len(kinds) > 1 and all(each.get("type") in SCALARS for each in kinds):
            return "one value"
        return " or ".join(dict.fromkeys(self._kind(each) for each in kinds))

    def _default(self, said: Schema) -> str:
        match said.get("default"):
            case None:
                return "–"
            case dict() as held if held:
                return "" if self._has_defaults(said) and self._kind(said) == "section" else "built in"
            case "":
                return "–"
            case held:
                return shown(_human(held, said)) or "built in"

    def _has_defaults(self, said: Schema) -> bool:
        """Returns True when each key of the model has a default of its own to show."""
        return all(not self._definitions[name].get("required") for name, _ in self._inside(said))

    # ── examples ─────────────────────────────────────────────────────────────────────────────

    def _collect(self, of: Schema, held: Any) -> None:
        """Remembers the first value of the example file for each key, wherever the key's model stands."""
        for name, said in of["properties"].items():
            if isinstance(held, dict) and name in held:
                self._examples.setdefault(id(said), held[name])
                kinds = self._kinds(said)
                for inner, way in self._inside(said):
                    for each in _followed(held[name], way):
                        if kinds is None or kinds.model_of(each) == inner:
                            self._collect(self._definitions[inner], each)

    def _example(self, said: Schema) -> str:
        return shown(self._examples[id(said)]) if id(said) in self._examples else ""


_MANY = {"section": "sections", "one value": "values", "duration": "durations", "text": "texts"}
_PLAIN = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "duration": "duration",
    "path": "path",
    "password": "secret",
}


def _plain_kind(said: Schema) -> str:
    match said:
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values if value != "")
        case {"const": value}:
            return f"`{value}`"
        case {"type": str(kind)}:
            return _with_limits(_PLAIN.get(said.get("format", ""), _PLAIN.get(kind, kind)), said)
    return "anything"


def _several(kind: str) -> str:
    name, brace, limits = kind.partition(" (")
    return _MANY.get(name, name) + brace + limits


def shown(value: Any) -> str:
    """Returns the value as YAML on one line; empty when it is too long for a table."""
    said = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("...\n").strip()
    return f"`{said}`" if len(said) <= SHORT and "\n" not in said and said != "''" else ""


def _human(value: Any, said: Schema) -> Any:
    """Returns the same with durations as files write them: `1h30m` and not PT1H30M."""
    if isinstance(value, list):
        return [_human(each, said.get("items", {})) for each in value]
    if said.get("format") != "duration":
        return value
    minutes, seconds = divmod(int(_duration.validate_python(value).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24) if hours > 24 else (0, hours)
    return "".join(f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if count) or "0s"


def _with_limits(kind: str, said: Schema) -> str:
    if said.get("minLength") == said.get("maxLength") == 1:
        return "one character"
    length = said.get("minLength") or said.get("minItems")
    limits = (
        (said.get("exclusiveMinimum"), "above {:,}"),
        (said.get("minimum") if "exclusiveMinimum" not in said else None, "at least {:,}"),
        (said.get("exclusiveMaximum"), "below {:,}"),
        (said.get("maximum"), "at most {:,}"),
        (length, "not empty" if length == 1 else "at least {:,}"),
        (said.get("maxLength"), "at most {:,} characters"),
        (said.get("pattern"), "as `{}`"),
    )
    parts = [words.format(limit) for limit, words in limits if limit is not None]
    return f"{kind} ({', '.join(parts)})" if parts else kind


def _unit(name: str) -> str:
    return next((f", {unit}" for end, unit in UNITS.items() if name.endswith(end)), "")


def _of_keys(said: Schema) -> str:
    names = said.get("propertyNames", {})
    return ", ".join(f"`{each}`" for each in names["enum"]) if "enum" in names else "name"


def _in_words(name: str) -> str:
    """Writes `OwnWords` as `own words`."""
    return _between_words(" ", name).lower()


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _references(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(where)}:
            yield _name(where)
        case dict():
            yield from (found for inner in node.values() for found in _references(inner))
        case list():
            yield from (found for inner in node for found in _references(inner))


def _followed(value: Any, way: str) -> list[Any]:
    """Returns what a value holds at the end of a path of `[]` and `.…`."""
    found = [value]
    for step in _steps(way):
        found = [inner for each in found for inner in _entries(each, step)]
    return found


def _entries(value: Any, step: str) -> list[Any]:
    if step == "[]":
        return value if isinstance(value, list) else []
    return list(value.values()) if isinstance(value, dict) else []
