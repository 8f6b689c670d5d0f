"""docs/operations.md as a list of commands: what a test runs is what an operator reads there, through a shell that has no Python."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import ROOT
from tests.compose.running import output

PAGE = (ROOT / "docs" / "operations.md").read_text()
DAY = "## A day with it\n"
BARRED = ("python", "python3", "pip", "uv", "make")

_code = re.compile(r"^ {4,}(\S.*)$", re.MULTILINE).findall
_remark = re.compile(r"\s+# .*$")


def commands(page: str) -> list[str]:
    """The indented lines of a page, without what is remarked behind them."""
    return [_remark.sub("", line).strip() for line in _code(page)]


def of_the_day() -> list[str]:
    """The commands of the section that an operator's day is told in."""
    return commands(PAGE.partition(DAY)[2].partition("\n## ")[0])


@dataclass
class Handbook:
    """Runs commands of the page in the current folder, and remembers which."""

    written: frozenset[str] = frozenset(commands(PAGE))
    done: set[str] = field(default_factory=set)

    async def does(self, command: str, *instead: tuple[str, str], given: str = "") -> str:
        """What the command prints; of each pair the page's example is replaced by what this operator has.

        Raises AssertionError when the page does not have the command, RuntimeError when it fails.
        """
        assert command in self.written, f"docs/operations.md has no command {command!r}"
        self.done.add(command)
        for theirs, ours in instead:
            command = command.replace(theirs, ours)
        return await output("sh", "-euc", command, given=given.encode())


@contextmanager
def without_python(folder: Path) -> Iterator[None]:
    """Commands that are found by their names end with an error when they are Python's."""
    for name in BARRED:
        (folder / name).write_text(f"#!/bin/sh\necho '{name} is not on this machine' >&2\nexit 127\n")
        (folder / name).chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{folder}:{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


def written(path: Path) -> str:
    """What a file says."""
    return path.read_text()


def add(path: Path, more: str) -> None:
    """What somebody writes at a file's end."""
    with path.open("a") as file:
        file.write(more)
