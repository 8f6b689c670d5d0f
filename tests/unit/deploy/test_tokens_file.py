"""The file of tokens is replaced whole, keeps its mode and owner, and loses none of two changes at once."""

import multiprocessing
import os
from pathlib import Path

import pytest

from deploy import tokens_file
from deploy.local.tokens import added, revoked
from deploy.tokens_file import Refused, change, ensure, read
from shared.configuration.files import ConfigError
from shared.http.tokens import sha256
from shared.http.tokens_file import Entry, Token, TokensFile
from shared.identity import Role

WRITERS, EACH = 4, 10


def entry(name: str) -> Entry:
    return Entry(role=Role.AGENT, tokens=(Token.model_validate({"sha256": sha256(name), "created_at": "2026-11-24T00:00:00Z"}),))


def add(path: Path, name: str) -> Refused | None:
    return change(path, lambda held: added(held, name, entry(name)))


def add_many(path: Path, writer: int) -> None:
    for number in range(EACH):
        add(path, f"w{writer}-{number}")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callers" / "tokens.yml"


def test_the_first_run_makes_a_file_without_tokens_and_the_second_changes_nothing(path: Path) -> None:
    assert ensure(path)
    assert (read(path), mode(path)) == (TokensFile(), 0o640)
    add(path, "ada")
    assert not ensure(path)
    assert [*read(path).callers] == ["ada"]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_whatever_the_umask_owner_and_group_may_read_it_and_others_may_not(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        ensure(path)
        made = mode(path)
        add(path, "ada")
    finally:
        os.umask(before)
    assert (made, mode(path)) == (0o640, 0o640)


def test_what_is_written_is_what_is_read_also_where_yaml_would_read_a_name_as_something_else(path: Path) -> None:
    ensure(path)
    names = ["null", "on", "1e5", "0x1f", "2026-01-01", "12", "a.b", "1.5"]
    for name in names:
        assert add(path, name) is None
    assert [*read(path).callers] == names


def test_a_change_that_is_refused_leaves_the_file_as_it_was(path: Path) -> None:
    ensure(path)
    add(path, "ada")
    before = path.read_bytes(), path.stat().st_ino
    assert add(path, "ada") == Refused("ada has a token already: `forewarn tokens rotate ada` makes another one")
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_a_file_that_is_wrong_is_not_written_over(path: Path) -> None:
    ensure(path)
    path.write_text("callers: {ada: {role: admin}}")
    with pytest.raises(ConfigError, match=r"tokens\.yml:1: callers\.ada\.role"):
        add(path, "bob")
    assert path.read_text() == "callers: {ada: {role: admin}}"


def test_the_file_is_replaced_and_nothing_is_left_beside_it(path: Path) -> None:
    ensure(path)
    with path.open() as reader:  # somebody who reads the old file
        add(path, "ada")
        assert "ada" not in reader.read()
    assert [each.name for each in path.parent.iterdir()] == ["tokens.yml"]


def test_a_link_to_the_file_stays_one(path: Path, tmp_path: Path) -> None:
    ensure(path)
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    add(link, "ada")
    assert link.is_symlink()
    assert [*read(path).callers] == ["ada"]


def test_where_nothing_can_be_written_the_old_file_stays(path: Path) -> None:
    ensure(path)
    (path.parent / ".tokens.yml.new").mkdir()  # in the way of the new file
    with pytest.raises(OSError, match="directory"):
        add(path, "ada")
    assert read(path) == TokensFile()


def test_what_a_writer_left_that_was_killed_stops_no_other(path: Path) -> None:
    ensure(path)
    (path.parent / ".tokens.yml.new").write_text("half of a fi")
    assert add(path, "ada") is None
    assert [each.name for each in path.parent.iterdir()] == ["tokens.yml"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_the_new_file_belongs_to_the_owner_of_the_old_one(path: Path) -> None:
    ensure(path)
    os.chown(path, 10001, 10002)
    add(path, "ada")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (10001, 10002, 0o640)


def test_of_changes_at_once_none_is_lost(path: Path) -> None:
    ensure(path)
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=add_many, args=(path, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert {*read(path).callers} == {f"w{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)}


def test_what_is_revoked_is_gone_and_its_name_is_free_again(path: Path) -> None:
    ensure(path)
    add(path, "ada")
    assert tokens_file.change(path, lambda held: revoked(held, "ada")) is None
    assert read(path) == TokensFile()
    assert add(path, "ada") is None
