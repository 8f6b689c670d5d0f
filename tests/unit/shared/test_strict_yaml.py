"""Any configuration file, or what is no file at all, is read, or refused with its place; never another exception."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import RootModel

from shared.configuration.files import MOST_SHOWN, Config, ConfigError, load
from shared.configuration.strict_yaml import DEEPEST, LARGEST, Unsound, compose, surprises, value_of


class Anything(RootModel[object]):
    """A model that takes all that YAML can say."""


class Numbers(Config):
    of: list[int]


def refusal(raw: bytes) -> list[tuple[int, str]]:
    with pytest.raises(Unsound) as refused:
        compose(raw)
    return list(refused.value.places)


def laughs(levels: int) -> bytes:
    """Returns aliases of aliases ("billion laughs"): few bytes that stand for 9 ** levels."""
    lines = ["l0: &l0 x", *(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, levels + 1))]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (laughs(9), None, "aliases written out"),
        (b"a: 1\nb: &b [*b]", 2, "aliases written out"),
        (b"a: 1\n<<: {b: 1}", 2, "a key is a text"),
        (b"a: 1\nb: *nobody", 2, "undefined alias"),
        (b"a:\n " + b"[" * 5_000 + b"]" * 5_000, 2, "deep"),
        (b"a:\n " + b"{a: " * 5_000, 2, "deep"),
        (b"".join(b" " * n + b"a:\n" for n in range(500)), DEEPEST + 1, "deep"),
        (b"- " * 5_000, 1, "deep"),
        (b"[" * 200_000, 1, "deep"),
        (b"\n- !!int ''", 2, "tag"),
        (b"\n- !!timestamp soon", 2, "tag"),
        (b"\n- !!bool soon", 2, "tag"),
        (b"\n- !!float ''", 2, "tag"),
        (b"\n- !!binary x", 2, "tag"),
        (b"\n- !mine x", 2, "tag"),
        (b"\n- ! x", 2, "tag"),
        (b"\n- !!python/object/apply:os.system [ls]", 2, "tag"),
        (b"a: 1\non: 2", 2, 'the key on is read as something else than text; write "on"'),
        (b"a: 1\n1: 2", 2, "the key 1"),
        (b"a: 1\n2026-01-01: 2", 2, "the key 2026-01-01"),
        (b"a: 1\n~: 2", 2, "the key ~"),
        (b"a: 1\n? [b]\n: 2", 2, "a key is a text"),
        (b"a: 1\n? {b: c}\n: 2", 2, "a key is a text"),
        (b"a: 1\nb: 2\na: 3", 3, "a is there twice, first in line 1"),
        (b"a: 1\n\tb: 2", 2, "\\t"),
        (b"a: 1\nb: 2026-02-30", 2, "no value that can be read"),
        (b"a: 1\nb: " + b"9" * 5_000, 2, "no value that can be read"),
        (b"a: 1\nb: 0b_", 2, "no value that can be read"),
        (b"a: 1\nb: =", 2, "no value that can be read"),
        (b"a: 1\nb: 2001-01-01 00:00:00 +99:99", 2, "no value that can be read"),
        (b"a: 1\nb: \x00", 2, "U+0000"),
        (b'a: 1\nb: "\\x1b[31m"', 2, "U+001B"),
        (b'a: 1\nb: "\\ud800"', 2, "U+D800"),
        (b"a: 1\nb: \xed\xa0\x80", 2, "not UTF-8"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
        ("a: ä\n".encode("utf-16"), 1, "not UTF-8"),
        (b"a: 1\n---\nb: 2", 2, "another document"),
        (b"a: [1\nb: 2", 2, "expected"),
        (b"%YAML 9.9\n---\na: 1", 1, "incompatible"),
        (b"#" * (LARGEST + 1), 1, "more than 1,024 kB"),
    ],
)
def test_what_is_not_sound_is_refused_with_its_line(raw: bytes, line: int | None, said: str) -> None:
    (at, what), *_ = refusal(raw)
    assert said in what
    assert line is None or at == line
    assert len(what) < 200


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert compose(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    assert refusal(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)) == [(1, f"nested more than {DEEPEST} deep")]


def test_a_byte_order_mark_at_the_beginning_and_aliases_that_do_not_multiply_are_read() -> None:
    assert value_of(compose("\ufeffa: &a [1]\nb: *a\n".encode())) == {"a": [1], "b": [1]}
    assert isinstance(value_of(compose(laughs(4))), dict)
    assert value_of(compose(b"")) == value_of(compose(b"# nothing\n")) == {}


@pytest.mark.parametrize(
    ("said", "read"),
    [("off", "false"), ("10:30", "630"), ("010", "8"), ("1_000", "1000"), ("0x1F", "31"), ("0b11", "3"), ("1:30.5", "90.5")],
)
def test_what_is_read_as_something_else_than_it_looks_is_said(said: str, read: str) -> None:
    [(line, what)] = surprises(compose(f"a: 1\nb: {said}".encode()))
    assert line == 2
    assert what.startswith(f"{said} is read as {read}; ")
    assert list(surprises(compose(f'a: 1\nb: "{said}"'.encode()))) == []


@pytest.mark.parametrize("said", ["10m", "0", "-5", "1.5", "1e3", "true", "False", "2026-01-01", "word", "'010'"])
def test_what_is_read_as_it_looks_is_not(said: str) -> None:
    assert list(surprises(compose(f"a: {said}".encode()))) == []


@given(st.binary(max_size=200) | st.text(alphabet="[]{}:,-?&*!|>'\"%@`#~<=. \n\tab01", max_size=120).map(str.encode))
def test_whatever_the_bytes_they_are_read_or_refused(raw: bytes) -> None:
    with suppress(Unsound):
        node = compose(raw)
        value_of(node)
        list(surprises(node))


# ── files that are none ──────────────────────────────────────────────────────────────────────


def said_of(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load(path, Anything)
    return str(refused.value)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "loop.yml").symlink_to(tmp_path / "loop.yml")
    for path in (tmp_path / "pipe.yml", Path("/dev/zero"), Path("/dev/null")):
        assert said_of(path) == f"{path}: this is no file"
    assert said_of(tmp_path / "folder.yml") == f"{tmp_path}/folder.yml: Is a directory"
    assert said_of(tmp_path / "loop.yml") == f"{tmp_path}/loop.yml: Too many levels of symbolic links"
    assert said_of(tmp_path / "none.yml") == f"{tmp_path}/none.yml: No such file or directory"


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file.yml").write_text("a: 1\n")
    (tmp_path / "link.yml").symlink_to("file.yml")
    assert load(tmp_path / "link.yml", Anything).root == {"a": 1}


def test_of_very_many_mistakes_the_first_are_said_and_the_others_counted(tmp_path: Path) -> None:
    (tmp_path / "file.yml").write_text("of: [" + "x," * 5_000 + "]")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "file.yml", Numbers)
    lines = str(refused.value).splitlines()
    assert (len(lines), lines[-1]) == (MOST_SHOWN + 1, f"… and {5_000 - MOST_SHOWN:,} mistakes more")
