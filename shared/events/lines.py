"""Makes text that people read on one line: what is too long is cut where it enters, and never refused. Pure.

Identities (ids, keys, references) are no such text: cut, they would name something else. They are refused when they are too long.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

CUT_TO = "x-cut-to"  # in JSON Schemas: how many characters of a longer text, or items of a longer list, are kept
CUT = "…"
LONGEST_CLUSTER = 32  # characters of one letter with its combining marks; more marks than fit are dropped

_breaks = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+").sub
_surrogate = re.compile(r"[\ud800-\udfff]").search
JOINER = "\u200d"
MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
FLAG_LETTERS = range(0x1F1E6, 0x1F200)  # two of them are a flag
JAMO = range(0x1160, 0x1200)  # vowels and finals, which follow a Hangul consonant


@dataclass(frozen=True, slots=True)
class Line:
    """Makes one line of at most so many characters of whatever text is given, in `Annotated[str, Line(200)]`."""

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._of, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), CUT_TO: self.most}

    def _of(self, said: Any) -> Any:
        return one_line(said, self.most) if isinstance(said, str) else said


@dataclass(frozen=True, slots=True)
class First:
    """Takes the first so many items, in `Annotated[tuple[…], First(20)]` or of a dict, in the order they come; the rest is left.

    A reader of bytes removes the rest before it costs anything: `leave_surplus`.
    """

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.of, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), CUT_TO: self.most}

    def of(self, said: Any) -> Any:
        match said:
            case list() | tuple() if len(said) > self.most:
                return said[: self.most]
            case dict() if len(said) > self.most:
                return dict(islice(said.items(), self.most))
        return said


def leave_surplus(data: Any, fact: type[BaseModel]) -> None:
    """Removes from the data of a fact, in place, the items beyond those its model takes."""
    for name, first in _firsts(fact):
        if isinstance(data, dict) and name in data:
            data[name] = first.of(data[name])


@cache
def _firsts(fact: type[BaseModel]) -> tuple[tuple[str, First], ...]:
    fields: dict[str, FieldInfo] = getattr(fact.model_fields["data"].annotation, "model_fields", {})
    return tuple((name, each) for name, field in fields.items() for each in field.metadata if isinstance(each, First))


def one_line(text: str, most: int) -> str:
    """Returns the text without line breaks and other control characters, cut to so many characters.

    Half of a surrogate pair becomes U+FFFD.

    Takes time for `most` characters, however long the text is.
    """
    if len(text) <= most and text.isprintable():
        return text.strip()
    start = text[: 4 * most]
    if _surrogate(start):
        start = start.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return cut(_breaks(" ", start).strip(), most)


def cut(text: str, most: int) -> str:
    """Returns at most so many characters of the text, the last of them an ellipsis where something is missing.

    What is seen as one character stays whole, as far as marks, joiners, skin tones, flags and Hangul go (Unicode UAX #29).
    """
    if len(text) <= most:
        return text
    at = last = most - len(CUT)
    while at > 0 and last - at < LONGEST_CLUSTER and _is_within_a_cluster(text, at):
        at -= 1
    whole = at if at > 0 and not _is_within_a_cluster(text, at) else last
    return text[:whole].rstrip() + CUT


def _is_within_a_cluster(text: str, at: int) -> bool:
    """Returns True when the character before this place and the one behind it are seen as one."""
    before, behind = text[at - 1], text[at]
    if JOINER in (before, behind) or unicodedata.category(behind).startswith("M"):
        return True
    if ord(behind) in FLAG_LETTERS:
        letters = 0
        while letters < at and letters < LONGEST_CLUSTER and ord(text[at - 1 - letters]) in FLAG_LETTERS:
            letters += 1
        return letters % 2 == 1
    return ord(behind) in MODIFIERS or ord(behind) in JAMO
