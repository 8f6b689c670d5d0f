"""Reads facts of later versions as far as this one can (a tolerant reader). Pure.

Fields we do not know are ignored by the models themselves. Here is the rest: null means that a field is not given, and a
word outside a closed list makes the fact unknown, or leaves out the item of the list that it stands in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

UNKNOWN_WORD = frozenset({"literal_error", "enum"})  # pydantic's error types

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """Holds a fact's attributes without what could not be read, to be validated again."""

    attributes: dict[str, Any]
    left_out: int  # items of lists that have a word we do not know


def mended(attributes: dict[str, Any], refusal: ValidationError) -> Mended | None:
    """Returns the refused fact as far as it can be read, changed in place; None when a word of a later version makes it unknown.

    Other mistakes stay in it, so that the next validation reports them.
    """
    errors = refusal.errors(include_url=False, include_context=False)
    nulls = {each["loc"] for each in errors if each["input"] is None and isinstance(each["loc"][-1], str)}
    others = [each for each in errors if each["loc"] not in nulls]
    for where in nulls:
        _take_out(attributes, where)
    if any(each["type"] not in UNKNOWN_WORD for each in others):
        return Mended(attributes, 0)
    items = {_item(each["loc"]) for each in others}
    if () in items:
        return None
    for item in sorted(items, key=lambda where: where[-1], reverse=True):  # so that the indices of the others stay valid
        _take_out(attributes, item)
    return Mended(attributes, len(items))


def _item(where: Location) -> Location:
    """Returns the innermost item of a list that the place is in; empty when it is in none."""
    return where[: max((at + 1 for at, step in enumerate(where) if isinstance(step, int)), default=0)]


def _take_out(attributes: dict[str, Any], where: Sequence[int | str]) -> None:
    held: Any = attributes
    *steps, last = where
    for step in steps:
        held = held[step]
    del held[last]
