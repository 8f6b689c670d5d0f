"""docs/emit.md says what is so: its files are read as they stand there, its programs are programs, and no kind of hook is missing."""

import ast
import re
from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest
import yaml

from services.monitor.sources.file import SourcesFile
from services.monitor.sources.hooks.model import HookKind
from services.monitor.sources.hooks.registry import KINDS
from shared.configuration.files import load

HERE = Path(__file__).parents[2]
PAGE, EXAMPLES = (HERE / "docs/emit.md").read_text(), HERE / "deploy/config/examples"


def blocks(language: str) -> list[str]:
    return [dedent(found) for found in re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)]


SOURCES = [block for block in blocks("yaml") if block.startswith("hooks:")]


@pytest.mark.parametrize("block", SOURCES)
def test_each_file_of_hooks_is_read_as_it_stands_there(block: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(block)
    assert load(file, SourcesFile).hooks


def test_the_shop_is_connected_by_the_file_of_the_examples_and_watched_by_its_rule() -> None:
    [sources] = [yaml.safe_load(block) for block in blocks("yaml") if block.startswith("sources:")]
    assert sources == yaml.safe_load((EXAMPLES / "sources.yml").read_text())
    [[rule]] = [yaml.safe_load(block) for block in blocks("yaml") if block.startswith("- id:")]
    [example] = [each for each in yaml.safe_load((EXAMPLES / "rules.yml").read_text())["rules"] if each["id"] == rule["id"]]
    assert rule == {name: said for name, said in example.items() if name != "action"}


def test_every_kind_of_hook_is_shown_and_is_in_the_table() -> None:
    shown = {hook["kind"] for block in SOURCES for hook in yaml.safe_load(block)["hooks"]}
    in_table = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert shown == in_table == KINDS.keys() == set(get_args(HookKind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_says_where_a_kind_looks_for_the_component(kind: HookKind) -> None:
    [row] = re.findall(rf"^\| `{kind}` \|.*$", PAGE, re.MULTILINE)
    if kind == "grafana":
        assert "as Alertmanager" in row
        assert KINDS["grafana"].component == KINDS["alertmanager"].component
    for template in KINDS[kind].component if kind != "grafana" else ():
        assert template.strip("{}").rpartition(".")[2] in row


def test_programs_are_programs() -> None:
    assert len([ast.parse(block) for block in blocks("python")]) == 2
