"""The README's list of commands is that of the program: each one is there, explains itself, and none is missing."""

import re
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.processes import ROOT

TOLD_ELSEWHERE = {"story": "with the demo"}  # commands that the table leaves out, and where they stand instead


def commands() -> dict[str, Any]:
    """Returns the commands by name; typer has click's classes in a copy of its own."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(root.commands)


COMMANDS = commands()


def listed() -> dict[str, set[str]]:
    """Returns the commands of the README's table, each with those of its own that the table names."""
    table = (ROOT / "README.md").read_text().split("## The command line")[1].split("\n## ")[0]
    found: dict[str, set[str]] = {}
    for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        first, *others = [said.split() for said in re.findall(r"`([^`]+)`", cell)]
        group = COMMANDS.get(first[0])
        if isinstance(group, TyperGroup) and len(first) > 1:
            found.setdefault(first[0], set()).update(each[0] for each in (first[1:], *others))
        else:
            found |= {each[0]: set() for each in (first, *others)}
    return found


LISTED = listed()


def test_every_command_is_in_the_readme_and_every_one_there_exists() -> None:
    assert set(LISTED) | set(TOLD_ELSEWHERE) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_has_those_below_it_that_the_readme_names(name: str) -> None:
    command = COMMANDS[name]
    below = set(command.commands) if isinstance(command, TyperGroup) else set()
    assert LISTED.get(name, set()) <= below
    for words in ((name,), *((name, each) for each in sorted(below))):
        result = CliRunner().invoke(app, [*words, "--help"])
        assert result.exit_code == 0, result.output
        assert "Usage:" in result.output
        assert len(result.output.split("\n\n")) > 2, f"forewarn {' '.join(words)} does not say what it is for"
