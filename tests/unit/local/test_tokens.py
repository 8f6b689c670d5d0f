"""`forewarn tokens` gives, rotates and revokes tokens, shows each once, and says in a sentence what it does not do."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.tokens import added, rotated
from deploy.tokens_file import Refused
from shared.configuration.files import load
from shared.http.tokens import is_token, mint, sha256
from shared.http.tokens_file import MOST_CALLERS, MOST_TOKENS, Entry, Token, TokensFile
from shared.identity import RESERVED, Holder, Role
from tests.hostile.terminals import HOSTILE, unseen

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
IN_ARGUMENTS = [text for text in HOSTILE.values() if len(text) < 1000 and "\0" not in text and "\ud800" not in text]


class Forewarn:
    """The command line, with a file of tokens."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *args: str, **environment: str) -> Any:
        result = CliRunner().invoke(app, ["tokens", *args], env={"FOREWARN_TOKENS_FILE": str(self.path), **environment})
        assert not isinstance(result.exception, Exception), result.exception
        assert unseen(result.output) == set()
        return result

    def token(self, *args: str) -> str:
        """Returns what a script takes from standard output: the token and nothing else."""
        result = self(*args)
        assert result.exit_code == 0, result.output
        token = str(result.stdout).removesuffix("\n")
        assert is_token(token)
        return token

    def refusal(self, *args: str, **environment: str) -> str:
        result = self(*args, **environment)
        assert (result.exit_code != 0, result.stdout) == (True, "")
        assert "Traceback" not in result.stderr
        return str(result.stderr)

    def holder(self, token: str, now: datetime | None = None) -> Holder | None:
        held = load(self.path, TokensFile).holders().get(sha256(token))
        return held if held and held.works(now or datetime.now(UTC)) else None


@pytest.fixture
def forewarn(tmp_path: Path) -> Forewarn:
    return Forewarn(tmp_path / "tokens.yml")


# ── add, list, revoke ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", Role)
def test_a_new_caller_gets_a_token_of_its_role(forewarn: Forewarn, role: Role) -> None:
    token = forewarn.token("add", "ada", "--role", role)
    assert token.startswith(f"fw_{role}_")
    held = forewarn.holder(token)
    assert held is not None
    assert (held.caller.name, held.caller.role, held.may_act_for_others) == ("ada", role, False)


def test_who_may_act_for_others_is_said_when_the_token_is_made(forewarn: Forewarn) -> None:
    held = forewarn.holder(forewarn.token("add", "console", "--role", "agent", "--may-act-for-others"))
    assert held is not None
    assert held.may_act_for_others


def test_the_path_can_be_an_option_too(forewarn: Forewarn, tmp_path: Path) -> None:
    forewarn.token("add", "ada", "--role", "agent", "--file", str(tmp_path / "other.yml"))
    assert [*load(tmp_path / "other.yml", TokensFile).callers] == ["ada"]
    assert not forewarn.path.exists()


def test_neither_the_file_nor_the_list_has_any_part_of_a_token(forewarn: Forewarn) -> None:
    tokens = [forewarn.token("add", name, "--role", "agent") for name in ("ada", "bob")] + [forewarn.token("rotate", "ada")]
    shown = forewarn("list").output
    for token in tokens:
        random = token.rpartition("_")[2]
        parts = {random[at : at + 6] for at in range(len(random) - 5)}
        assert not [part for part in parts if part in forewarn.path.read_text() or part in shown]
        assert sha256(token)[:8] in shown  # the key id, which whoever holds the token can compute


def test_the_list_says_name_role_since_when_and_until_when(forewarn: Forewarn) -> None:
    forewarn.token("add", "console", "--role", "operator", "--may-act-for-others")
    forewarn.token("add", "ada", "--role", "agent")
    forewarn.token("rotate", "ada", "--overlap", "1h")
    head, *rows = forewarn("list").output.splitlines()
    assert head.split() == ["name", "role", "acts", "for", "key", "id", "created", "works", "until"]
    assert [row.split()[:2] for row in rows] == [["ada", "agent"], ["ada", "agent"], ["console", "operator"]]
    assert ["it is revoked" in row for row in rows] == [False, True, True]
    assert [" others " in row for row in rows] == [False, False, True]


def test_a_revoked_token_is_nobodys(forewarn: Forewarn) -> None:
    token = forewarn.token("add", "ada", "--role", "agent")
    assert forewarn("revoke", "ada").exit_code == 0
    assert forewarn.holder(token) is None
    assert forewarn("list").output.count("\n") == 1


def test_names_are_unique(forewarn: Forewarn) -> None:
    token = forewarn.token("add", "ada", "--role", "agent")
    assert "ada has a token already" in forewarn.refusal("add", "ada", "--role", "operator")
    held = forewarn.holder(token)
    assert held is not None
    assert held.caller.role is Role.AGENT


# ── rotate ───────────────────────────────────────────────────────────────────────────────────


def test_after_a_rotation_both_tokens_work_until_the_overlap_is_over(forewarn: Forewarn) -> None:
    old, new = forewarn.token("add", "ada", "--role", "agent"), forewarn.token("rotate", "ada", "--overlap", "1h")
    [first, _] = load(forewarn.path, TokensFile).callers["ada"].tokens
    assert first.ends_at is not None
    assert timedelta(minutes=59) < first.ends_at - datetime.now(UTC) <= timedelta(hours=1)
    assert forewarn.holder(old, first.ends_at - A_MOMENT)
    assert forewarn.holder(old, first.ends_at) is None
    assert forewarn.holder(new, first.ends_at)


def test_the_overlap_is_a_day_when_it_is_not_given_and_none_when_it_is_0s(forewarn: Forewarn) -> None:
    old, day = forewarn.token("add", "ada", "--role", "agent"), timedelta(hours=23, minutes=59)
    second = forewarn.token("rotate", "ada")
    assert forewarn.holder(old, datetime.now(UTC) + day)
    assert forewarn.holder(old, datetime.now(UTC) + DAY) is None
    third = forewarn.token("rotate", "ada", "--overlap", "0s")
    assert [forewarn.holder(each) is None for each in (old, second, third)] == [True, True, False]


def entry(*ends: datetime | None) -> Entry:
    tokens = tuple(Token(sha256=sha256(str(number)), created_at=NOW - DAY, ends_at=end) for number, end in enumerate(ends))
    return Entry(role=Role.AGENT, tokens=tokens)


def entry_of(token: str) -> Entry:
    return Entry(role=Role.AGENT, tokens=(Token(sha256=sha256(token), created_at=NOW),))


def after_rotation(*ends: datetime | None, ends_at: datetime = NOW + DAY) -> list[datetime | None] | Refused:
    new = Token(sha256=sha256("new"), created_at=NOW)
    found = rotated(TokensFile(callers={"ada": entry(*ends)}), "ada", new, ends_at)
    return found if isinstance(found, Refused) else [token.ends_at for token in found.callers["ada"].tokens]


def test_a_rotation_lengthens_no_life_and_forgets_what_has_ended() -> None:
    hour = timedelta(hours=1)
    assert after_rotation(None) == [NOW + DAY, None]
    assert after_rotation(NOW + hour, None) == [NOW + hour, NOW + DAY, None]
    assert after_rotation(NOW + 2 * DAY) == [NOW + DAY, None]
    assert after_rotation(NOW, NOW + A_MOMENT) == [NOW + A_MOMENT, None]
    assert after_rotation(NOW - hour, NOW + hour, None, ends_at=NOW) == [None]


def test_a_caller_with_ten_tokens_that_work_gets_no_eleventh() -> None:
    found = after_rotation(*[NOW + DAY] * (MOST_TOKENS - 1))
    assert isinstance(found, list)
    assert len(found) == MOST_TOKENS
    refused = after_rotation(*[NOW + DAY] * MOST_TOKENS)
    assert isinstance(refused, Refused)
    assert "--overlap 0s" in refused.why
    assert after_rotation(*[NOW + DAY] * MOST_TOKENS, ends_at=NOW) == [None]


def test_a_thousand_callers_are_the_most_there_can_be() -> None:
    held = TokensFile(callers={f"c{number}": entry_of(str(number)) for number in range(MOST_CALLERS - 1)})
    full = added(held, "last", entry_of("last"))
    assert isinstance(full, TokensFile)
    assert added(full, "one-more", entry_of("one more")) == Refused(
        "there are 1,000 callers, which is the most: revoke those who call no more"
    )


# ── what it does not do ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_refused(forewarn: Forewarn, name: str) -> None:
    assert "is reserved" in forewarn.refusal("add", name, "--role", "agent")
    assert not forewarn.path.exists()


@pytest.mark.parametrize("text", ["", "a" * 65, "a" * 100_000, "Ada", "../etc/passwd", "a b", "ä", *IN_ARGUMENTS])
def test_a_hostile_name_is_refused_in_a_sentence_and_shown_as_what_can_be_seen(forewarn: Forewarn, text: str) -> None:
    forewarn.token("add", "ada", "--role", "agent")
    before = forewarn.path.read_bytes()
    for arguments in (("add", text, "--role", "agent"), ("rotate", text), ("revoke", text)):
        assert len(forewarn.refusal(*arguments)) < 1000
    assert forewarn.path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "admin", "Agent", "agent ", *IN_ARGUMENTS])
def test_a_role_that_is_none_is_refused(forewarn: Forewarn, text: str) -> None:
    forewarn.refusal("add", "ada", "--role", text)
    assert not forewarn.path.exists()


@pytest.mark.parametrize("text", ["", "soon", "-1h", "1", "1.5h", "24", "31d", "99999999999d", "30d1s", *IN_ARGUMENTS])
def test_an_overlap_that_is_none_or_too_long_is_refused(forewarn: Forewarn, text: str) -> None:
    forewarn.token("add", "ada", "--role", "agent")
    assert "overlap" in forewarn.refusal("rotate", "ada", f"--overlap={text}")


def test_thirty_days_are_the_longest_overlap(forewarn: Forewarn) -> None:
    forewarn.token("add", "ada", "--role", "agent")
    forewarn.token("rotate", "ada", "--overlap", "30d")


def becomes_a_pipe(path: Path) -> None:
    os.mkfifo(path)


HOSTILE_FILES: dict[str, Any] = {
    "no YAML": lambda path: path.write_text("callers: ["),
    "another shape": lambda path: path.write_text("[]"),
    "a tag": lambda path: path.write_text("callers: !!python/object/apply:os.system [id]"),
    "no UTF-8": lambda path: path.write_bytes(b"\xff"),
    "escapes": lambda path: path.write_text('callers: {"\\e[2J": 1}'),
    "too large": lambda path: path.write_bytes(b"#" * (1 << 20) + b"\n"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": becomes_a_pipe,
}


@pytest.mark.parametrize("make", HOSTILE_FILES.values(), ids=HOSTILE_FILES)
def test_a_file_that_is_none_of_ours_is_told_and_left_alone(forewarn: Forewarn, make: Any) -> None:
    make(forewarn.path)
    before = forewarn.path.read_bytes() if forewarn.path.is_file() else b""
    for arguments in (("add", "ada", "--role", "agent"), ("rotate", "ada"), ("revoke", "ada"), ("list",)):
        assert str(forewarn.path) in forewarn.refusal(*arguments)
    assert (forewarn.path.read_bytes() if forewarn.path.is_file() else b"") == before


def test_a_file_that_is_not_there_is_made_by_add_and_missed_by_the_others(forewarn: Forewarn) -> None:
    assert "`forewarn tokens add` makes it" in forewarn.refusal("list")
    assert "nobody has a token by the name of ada" in forewarn.refusal("revoke", "ada")
    forewarn.token("add", "ada", "--role", "agent")


def test_a_folder_that_is_not_there_is_told(forewarn: Forewarn, tmp_path: Path) -> None:
    assert "No such file or directory" in forewarn.refusal("add", "ada", "--role", "agent", "--file", str(tmp_path / "no" / "tokens.yml"))


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/proc/self/mem", "/" + "x" * 5000])
def test_what_is_no_file_is_told(forewarn: Forewarn, path: str) -> None:
    forewarn.refusal("add", "ada", "--role", "agent", "--file", path)
    forewarn.refusal("list", "--file", path)


def test_without_a_path_it_says_which_option_is_missing(forewarn: Forewarn) -> None:
    assert "--file" in forewarn.refusal("list", FOREWARN_TOKENS_FILE="")


def test_a_token_that_is_taken_for_a_name_is_told_without_what_is_secret_in_it(forewarn: Forewarn) -> None:
    forewarn.path.write_text("callers: {}\n")
    token = mint(Role.AGENT)
    for arguments in (("revoke", token), ("rotate", token), ("add", token, "--role", "agent")):
        assert token not in forewarn.refusal(*arguments)
