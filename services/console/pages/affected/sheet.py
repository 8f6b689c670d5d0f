"""Writes lines of CSV (RFC 4180) that a spreadsheet takes as text and numbers, never as a formula. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is calculated by spreadsheets (OWASP, CSV injection)
QUOTED = frozenset(',"\r\n')


def line(cells: Iterable[object]) -> str:
    """Returns one record with its end."""
    return ",".join(map(_cell, cells)) + "\r\n"


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds")
    text = str(value)
    # Spreadsheets drop spaces before a formula, so that the first character that they see counts.
    if text.startswith(FORMULA) or text.lstrip(" \n").startswith(FORMULA):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if QUOTED & set(text) else text
