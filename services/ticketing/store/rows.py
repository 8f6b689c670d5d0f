"""Rows are written column by column, so that many are one statement."""

from collections.abc import Iterable


def columns(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True))
