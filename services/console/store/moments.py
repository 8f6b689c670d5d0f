"""Reads rows that a statement returns as JSON, so that one statement answers with several lists. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def moments(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the row with its moments as moments: JSON has them as texts. Their columns are called `at` or `…_at`, `…_since`."""
    return {name: _value(name, value) for name, value in row.items()}


def rows(said: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Returns the rows of a list; NULL, as an aggregate of no rows is, is an empty one."""
    return [moments(row) for row in said or ()]


def _value(name: str, value: Any) -> Any:
    is_moment = isinstance(value, str) and (name == "at" or name.endswith(("_at", "_since")))
    return datetime.fromisoformat(value) if is_moment else value
