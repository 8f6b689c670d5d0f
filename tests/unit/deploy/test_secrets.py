"""The secrets of the compose stack are made once, given only to those who share them, and never changed."""

import subprocess
import sys
from pathlib import Path

from deploy import tokens_file
from deploy.secrets import SECRETS, TOKEN_OF_CONSOLE, TOKENS_FILE, ensure
from deploy.services import NAMES
from shared.http.tokens import sha256
from shared.identity import Caller, Role

ROOT = Path(__file__).parents[3]


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_the_first_run_makes_every_secret_long_and_readable_by_all_who_hold_its_volume(tmp_path: Path) -> None:
    assert ensure(tmp_path) == list(SECRETS)
    made = contents(tmp_path)
    assert set(made) == {name for names in SECRETS.values() for name in names}
    assert all(len(value) >= 40 for value in made.values())
    assert {oct((tmp_path / name).stat().st_mode & 0o777) for name in made} == {"0o444"}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    ensure(tmp_path)
    before = contents(tmp_path)
    assert ensure(tmp_path) == []
    assert contents(tmp_path) == before


def test_no_two_secrets_are_equal_but_those_that_are_one(tmp_path: Path) -> None:
    ensure(tmp_path)
    made = contents(tmp_path)
    assert len(set(made.values())) == len(SECRETS)
    assert len({made[f"{service}/agent_token"] for service in NAMES}) == 1


def test_a_holder_that_lost_its_copy_gets_the_same_secret_again(tmp_path: Path) -> None:
    ensure(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "notifier/producer_token").unlink()
    assert ensure(tmp_path) == ["the bearer token of producers"]
    assert contents(tmp_path) == before


def test_an_empty_file_counts_as_missing_and_a_deleted_secret_becomes_another(tmp_path: Path) -> None:
    ensure(tmp_path)
    path = tmp_path / "notifier/link_secret"
    before = path.read_text()
    path.chmod(0o644)
    path.write_text("")
    assert ensure(tmp_path) == ["what signs unsubscribe links"]
    assert path.read_text() not in {"", before}


def test_the_one_shot_makes_the_file_of_tokens_beside_them_once_with_the_console_in_it(tmp_path: Path) -> None:
    made = f"made {[*SECRETS][-1]}\nmade the file of tokens\nmade the console's token known to the services\n"
    for said in (made, "made nothing: all of it is there\n"):
        process = subprocess.run(
            [sys.executable, "-m", "deploy.secrets", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        assert process.stdout.endswith(said)
        [(hashed, holder)] = tokens_file.read(tmp_path / TOKENS_FILE).holders().items()
        assert hashed == sha256((tmp_path / TOKEN_OF_CONSOLE).read_text())
        assert (holder.caller, holder.may_act_for_others, holder.ends_at) == (Caller("console", Role.OPERATOR), True, None)
        assert (tmp_path / TOKENS_FILE).stat().st_mode & 0o777 == 0o640
