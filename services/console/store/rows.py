"""Values become rows column by column, so that many are one statement, and rows become values by their names."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")


def columns(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Returns a list for each column."""
    return list(zip(*rows, strict=True))


def columns_of(values: Iterable[Any], of: type) -> list[tuple[object, ...]]:
    """Returns a list for each field of these values, all of the dataclass `of`, in the order of its fields."""
    return columns(map(attrgetter(*(field.name for field in fields(of))), values))


def value_of(row: asyncpg.Record | Mapping[str, Any], of: type[T]) -> T:
    """Returns the dataclass that a row with its fields' names is."""
    return of(**dict(row))
