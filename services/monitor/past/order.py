"""What a process that tries a draft is told, and what it says: one JSON object a line."""

from typing import Any

from pydantic import BaseModel

LARGEST = 16 << 20  # bytes of a line


class Order(BaseModel):
    """What is to be tried, as the first line of standard input."""

    tried: str  # the text of the rules
    today: str  # of those in force
    named: list[str]  # the components of the catalog
    since: float  # seconds since the epoch
    parents: dict[str, list[str]] = {}  # what each component hangs on


class Said(BaseModel):
    """How far the past is read; in the last line what was found, or why nothing was."""

    done: int = 0
    size: int | None = None
    outcome: dict[str, Any] | None = None
    failed: str = ""
