"""`forewarn check-config` says what the services understand, or each mistake with its line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app

SHIPPED = Path(__file__).parent.parent.parent.parent / "deploy" / "config"


def check(folder: Path) -> Any:
    return CliRunner().invoke(app, ["check-config", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the configuration as it is shipped, to be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def test_what_is_shipped_is_fine() -> None:
    result = check(SHIPPED)
    assert result.exit_code == 0
    assert [line.partition(": ")[2].partition(",")[0] for line in result.output.splitlines()] == ["fine"] * 4
    assert "rules: checkout-failing" in result.output


@pytest.mark.parametrize(
    ("name", "spoilt", "said"),
    [
        ("rules.yml", "rules: [{id: X}]", "rules.yml:1: rules.0.id: "),
        ("rules.yml", "rules: [", "rules.yml:2: "),
        ("catalog.yml", "components:\n  checkout: {nome: Checkout}", "catalog.yml:2: components.checkout.nome: "),
        ("support.yml", "first_response:\n  targets: {urgent: soon}", "support.yml:2: first_response.targets.urgent: "),
        ("notifications.yml", "caps: {count: -1}", "notifications.yml:1: caps.count: "),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line_and_the_other_files_are_checked(folder: Path, name: str, spoilt: str, said: str) -> None:
    (folder / name).write_text(spoilt + "\n")
    result = check(folder)
    assert result.exit_code == 1
    assert f"{folder}/{said}" in result.output
    assert result.output.count(": fine, ") == 3


def test_a_file_that_is_not_there_is_a_mistake(folder: Path) -> None:
    (folder / "support.yml").unlink()
    result = check(folder)
    assert result.exit_code == 1
    assert f"{folder}/support.yml: No such file or directory" in result.output


def test_a_file_that_nobody_reads_is_remarked_on(folder: Path) -> None:
    (folder / "rule.yml").write_text("rules: []\n")
    result = check(folder)
    assert result.exit_code == 0
    assert f"{folder}/rule.yml: no service reads a file of this name" in result.output
