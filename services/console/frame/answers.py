"""Reads what other services answer: versions of them may say less, or something else, and what does not fit is absent. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def listed(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Returns the objects of a list that an answer may have."""
    found = said.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def mapped(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns an object that an answer may have."""
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def moment(said: Mapping[str, Any], name: str) -> datetime | None:
    """Returns a moment that an answer may say."""
    found = said.get(name)
    try:
        return datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None


def whole(said: Mapping[str, Any], name: str) -> int:
    """Returns a count that an answer may have; 0 without one."""
    found = said.get(name)
    return found if isinstance(found, int) else 0


def text(said: Mapping[str, Any], name: str) -> str:
    """Returns a text that an answer may have; empty without one."""
    found = said.get(name)
    return found if isinstance(found, str) else ""
