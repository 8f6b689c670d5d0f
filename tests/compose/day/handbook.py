"""docs/operations.md is read as a list of commands: a test runs what an operator reads there, in a shell that has no Python."""

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
    """Returns the indented lines of a page, without the comments behind them."""
    return [_remark.sub("", line).strip() for line in _code(page)]


def of_the_day() -> list[str]:
    """Returns the commands of the section about an operator's day."""
    return commands(PAGE.partition(DAY)[2].partition("\n## ")[0])


@dataclass
class Handbook:
    """Runs commands of the page in the current folder, and remembers which."""

    written: frozenset[str] = frozenset(commands(PAGE))
    done: set[str] = field(default_factory=set)

    async def does(self, command: str, *instead: tuple[str, str], given: str = "") -> str:
        """Runs a command and returns what it prints; of each pair the page's example is replaced by what this operator has.

        Raises AssertionError when the page does not have the command, RuntimeError when it fails.
        """
        assert command in self.written, f"docs/operations.md has no command {command!r}"
        self.done.add(command)
        for theirs, ours in instead:
            command = command.replace(theirs, ours)
        return await output("sh", "-euc", command, given=given.encode())


@contextmanager
def without_python(folder: Path) -> Iterator[None]:
    """Makes Python's commands end with an error while the context lasts."""
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
    """Returns the text of a file."""
    return path.read_text()


def add(path: Path, more: str) -> None:
    """Appends to a file, as an operator does."""
    with path.open("a") as file:
        file.write(more)
