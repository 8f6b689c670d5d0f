"""Makes text and bytes of others fit for a terminal: nothing in them can move its cursor or change its colours."""

from typing import Any

from shared.observing.visible import visible


def printable(said: Any, longest: int = 200) -> str:
    """Returns one line of what can be seen; the rest as escapes, and cut where it is longer than `longest` characters."""
    text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else str(said)
    shown = visible(text[:longest])
    return shown if len(text) <= longest else f"{shown}… ({len(text):,} characters)"
