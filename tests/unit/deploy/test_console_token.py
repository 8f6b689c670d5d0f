"""The console's token is made known in a file of tokens that is ours; whatever else is there stays, and what hinders it is said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import tokens_file
from deploy.console_token import make_known
from shared.http.tokens import mint, sha256
from shared.identity import Role

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
TOKEN = "the-token-of-the-console"
OTHERS = f"""callers:
  shop:
    role: producer
    tokens:
    - sha256: {sha256(mint(Role.PRODUCER))}
      created_at: '2026-11-25T09:00:00Z'
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tokens_file.ensure(tmp_path / "tokens.yml")
    return tmp_path / "tokens.yml"


def test_it_is_added_once_beside_those_who_are_there(file: Path) -> None:
    file.write_text(tokens_file.HEAD + OTHERS)
    assert make_known(file, TOKEN, NOW) == "made the console's token known to the services"
    assert tokens_file.read(file).callers.keys() == {"shop", "console"}
    before = file.read_bytes()
    assert make_known(file, TOKEN, NOW) is None
    assert file.read_bytes() == before


def test_a_file_that_somebody_else_keeps_is_not_written(file: Path) -> None:
    file.write_text(f"# ours, from the vault\n{OTHERS}")
    before = file.read_bytes()
    said = make_known(file, TOKEN, NOW)
    assert said is not None
    assert "not ours to write: `forewarn tokens add console --role operator --may-act-for-others`" in said
    assert file.read_bytes() == before


def test_a_file_that_somebody_else_keeps_may_know_it_already(file: Path) -> None:
    make_known(file, TOKEN, NOW)
    file.write_text(file.read_text().replace(tokens_file.HEAD, "# ours, from the vault\n"))
    assert make_known(file, TOKEN, NOW) is None


def test_a_console_with_another_token_stays_and_is_said(file: Path) -> None:
    make_known(file, "the token of a program that is called so, too", NOW)
    before = file.read_bytes()
    said = make_known(file, TOKEN, NOW)
    assert said is not None
    assert "`forewarn tokens revoke console`" in said
    assert file.read_bytes() == before


def test_a_file_with_a_mistake_is_said_and_ends_nothing(file: Path) -> None:
    file.write_text(tokens_file.HEAD + "callers: [shop]\n")
    said = make_known(file, TOKEN, NOW)
    assert said is not None
    assert "cannot be put into the file of tokens" in said
    assert TOKEN not in said
