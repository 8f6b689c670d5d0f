"""SECURITY.md as tests read it: sections, and tables of who may do what, with a row for each route and topic."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).parent.parent / "SECURITY.md").read_text()


class Row(NamedTuple):
    """One line of a table."""

    title: str
    ways: list[str]  # routes and topics
    says: dict[str, str]  # yes, no or –, by caller


def section(title: str) -> str:
    """Returns what stands below a heading of any depth, up to the next one."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(title: str) -> list[Row]:
    """Returns the rows of the table below a heading."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(what, re.findall("`([^`]+)`", ways), dict(zip(head[2:], cells, strict=True))) for what, ways, *cells in rows]


def covers(way: str, route: str) -> bool:
    """Says whether an entry of a table is this route or topic; `…` in it stands for anything."""
    return re.fullmatch(re.escape(way).replace("…", ".*"), route) is not None


def row_with(rows: Sequence[Row], route: str) -> Row:
    """Returns the one row that has it."""
    found = [row for row in rows if any(covers(way, route) for way in row.ways)]
    assert len(found) == 1, f"{route} is in {len(found)} rows of a table of SECURITY.md"
    return found[0]
