"""The file of tokens is read strictly, found by hash, and read again whenever it changes; a broken one takes nobody's token away."""

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from shared.configuration.files import ConfigError, load
from shared.http.known import Known
from shared.http.tokens import mint, sha256
from shared.http.tokens_file import MOST_TOKENS, TokensFile
from shared.identity import Caller, Role
from shared.settings import Settings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
HASH = sha256("a")
ADA = "callers:\n  ada:\n    role: agent\n    tokens:\n"


def broken() -> float | None:
    return REGISTRY.get_sample_value("forewarn_tokens_file_broken")


def entry(token: str, role: Role = Role.AGENT, **but: Any) -> dict[str, Any]:
    return {"role": str(role), "tokens": [{"sha256": sha256(token), "created_at": "2026-11-24T00:00:00Z", **but}]}


class Here:
    """A file of tokens, who is known by it, and a clock that is moved by hand."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.path, self.seconds = path, 0.0
        self.settings = Settings(environment="demo", tokens_file=str(path), **settings)

    def write(self, callers: dict[str, Any]) -> None:
        """Puts another file in its place, as `forewarn tokens` does."""
        new = self.path.with_suffix(".new")
        new.write_text(yaml.safe_dump({"callers": callers}))
        new.replace(self.path)

    def known(self) -> Known:
        return Known(self.settings, lambda: self.seconds)

    async def later(self, known: Known, seconds: float = 1.0) -> None:
        self.seconds += seconds
        await known.look_again()


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path / "tokens.yml")


def name_of(known: Known, token: str, now: datetime = NOW) -> str | None:
    holder = known.holder(token, now)
    return holder.caller.name if holder else None


# ── what it says ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("callers: {Ada: {role: agent, tokens: []}}", "1: callers.Ada: the key: a name has 1 to 64"),
        ("callers: {agent: {role: agent, tokens: []}}", "agent is reserved"),
        ("callers:\n  ada: {role: agent, tokens: []}", "2: callers.ada.tokens: Tuple should have at least 1 item"),
        ("callers:\n  ada:\n    role: admin", "3: callers.ada.role: Input should be 'producer', 'agent' or 'operator'"),
        (
            f"callers:\n  ada:\n    role: agent\n    tokens:\n    - {{sha256: '{HASH}'}}",
            "5: callers.ada.tokens.0.created_at: Field required",
        ),
        (
            f"callers:\n  ada:\n    role: agent\n    tokens:\n    - sha256: {HASH.upper()}",
            "5: callers.ada.tokens.0.sha256: String should match",
        ),
        ("callers: {ada: {role: agent}}\ncallers: {}", "2: callers is there twice, first in line 1"),
        ("callers:\n  ada: {role: agent}\n  ada: {role: operator}", "3: ada is there twice, first in line 2"),
        ("callers:\n  on: {role: agent}", "2: the key on is read as something else than text"),
        ("people: {}", "1: people: Extra inputs are not permitted"),
        ("[", "1: "),
        ("callers: &a {ada: *a}", "more than 100,000 values"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tokens.yml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path / "tokens.yml", TokensFile)
    assert said in str(error.value)


def test_a_moment_without_a_time_zone_is_a_mistake(here: Here) -> None:
    here.write({"ada": entry("a", ends_at="2026-11-25T00:00:00")})
    with pytest.raises(ConfigError, match=r"ends_at: Input should have timezone info"):
        load(here.path, TokensFile)


def test_a_token_has_one_holder(here: Here) -> None:
    here.write({"ada": entry("same"), "bob": entry("same")})
    with pytest.raises(ConfigError, match="one sha256 is there twice"):
        load(here.path, TokensFile)


@pytest.mark.parametrize(("count", "fits"), [(MOST_TOKENS, True), (MOST_TOKENS + 1, False)])
def test_a_caller_has_ten_tokens_at_most(here: Here, count: int, fits: bool) -> None:
    tokens = [each for number in range(count) for each in entry(str(number))["tokens"]]
    here.write({"ada": {"role": "agent", "tokens": tokens}})
    if fits:
        assert len(load(here.path, TokensFile).holders()) == count
    else:
        with pytest.raises(ConfigError, match="at most 10 items"):
            load(here.path, TokensFile)


@pytest.mark.parametrize("text", ["", "# nothing\n", "callers: {}\n"])
def test_an_empty_file_has_no_callers(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens.yml").write_text(text)
    assert load(tmp_path / "tokens.yml", TokensFile).holders() == {}


# ── who holds a token ────────────────────────────────────────────────────────────────────────


def test_a_token_is_found_by_its_hash_and_by_nothing_that_resembles_it(here: Here) -> None:
    token = mint(Role.AGENT)
    here.write({"ada": entry(token), "console": {**entry("c", Role.OPERATOR), "may_act_for_others": True}})
    known = here.known()
    holder = known.holder(token, NOW)
    assert holder is not None
    assert (holder.caller, holder.may_act_for_others) == (Caller("ada", Role.AGENT), False)
    assert [name_of(known, each) for each in (token[:-1], token + "0", token.lower(), sha256(token), "", "ada")] == [None] * 6
    console = known.holder("c", NOW)
    assert console is not None
    assert (console.caller, console.may_act_for_others) == (Caller("console", Role.OPERATOR), True)


def test_a_token_works_before_the_moment_it_ends_at_and_not_from_then_on(here: Here) -> None:
    here.write({"ada": {"role": "agent", "tokens": entry("old", ends_at=NOW.isoformat())["tokens"] + entry("new")["tokens"]}})
    known = here.known()
    assert [name_of(known, "old", NOW + by) for by in (-A_MOMENT, timedelta(), A_MOMENT)] == ["ada", None, None]
    assert name_of(known, "new", NOW + timedelta(days=3650)) == "ada"


def test_the_shared_token_of_a_role_is_called_like_the_role_and_an_empty_one_is_off(tmp_path: Path) -> None:
    here = Here(tmp_path / "tokens.yml", producer_token="p", operator_token="o")
    here.write({"ada": entry("a")})
    known = here.known()
    assert [name_of(known, each) for each in ("p", "", "o", "a")] == ["producer", None, "operator", "ada"]


def test_without_a_file_of_tokens_there_are_the_shared_ones() -> None:
    known = Known(Settings(environment="demo", agent_token="a"))
    assert [name_of(known, each) for each in ("a", "", "b")] == ["agent", None, None]


# ── what changes while a service runs ────────────────────────────────────────────────────────


@pytest.mark.parametrize(("seconds", "name"), [(0.999, None), (1.0, "bob")])
async def test_a_change_counts_a_second_later(here: Here, seconds: float, name: str | None) -> None:
    here.write({"ada": entry("a")})
    known = here.known()
    here.write({"ada": entry("a"), "bob": entry("b")})
    await here.later(known, seconds)
    assert (name_of(known, "a"), name_of(known, "b")) == ("ada", name)


async def test_a_revoked_token_is_nobodys(here: Here) -> None:
    here.write({"ada": entry("a"), "bob": entry("b")})
    known = here.known()
    here.write({"bob": entry("b")})
    await here.later(known)
    assert (name_of(known, "a"), name_of(known, "b")) == (None, "bob")


async def test_an_edit_in_place_counts_too(here: Here) -> None:
    here.write({"ada": entry("a")})
    known = here.known()
    here.path.write_text(here.path.read_text().replace(sha256("a"), sha256("b")))
    await here.later(known)
    assert (name_of(known, "a"), name_of(known, "b")) == (None, "ada")


async def test_what_has_not_changed_is_not_read_again(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    here.write({"ada": entry("a")})
    with caplog.at_level(logging.INFO):
        known = here.known()
        for _ in range(3):
            await here.later(known)
        assert [record.getMessage() for record in caplog.records] == ["tokens known: 1 of the file, 0 shared ones"]
        here.path.touch()
        await here.later(known)
    assert len(caplog.records) == 2


def becomes_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


SPOILT = {
    "no YAML": lambda path: path.write_text("callers: ["),
    "another shape": lambda path: path.write_text("callers: [ada]"),
    "a secret in it": lambda path: path.write_text("callers: {ada: {role: agent, tokens: [{sha256: fw_agent_abc}]}}"),
    "no UTF-8": lambda path: path.write_bytes(b"\xff\xfe"),
    "too large": lambda path: path.write_bytes(b"#" * (1 << 20) + b"\n"),
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": becomes_a_pipe,
    "a loop": lambda path: (path.unlink(), path.symlink_to(path)),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_a_broken_file_leaves_everybody_their_token_and_is_an_error_in_log_and_metrics(
    here: Here, spoil: Any, caplog: pytest.LogCaptureFixture
) -> None:
    here.write({"ada": entry("a")})
    known = here.known()
    assert broken() == 0
    with caplog.at_level(logging.ERROR):
        spoil(here.path)
        await here.later(known)
        await here.later(known)
    assert (name_of(known, "a"), broken()) == ("ada", 1)
    [record] = caplog.records  # once, and not again every second
    assert str(here.path) in record.getMessage()
    if here.path.is_dir():
        here.path.rmdir()
    here.write({"bob": entry("b")})
    await here.later(known)
    assert (name_of(known, "a"), name_of(known, "b"), broken()) == (None, "bob", 0)


async def test_a_service_that_starts_with_a_broken_file_knows_the_shared_tokens_and_learns_the_others_once_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = Here(tmp_path / "tokens.yml", operator_token="o")
    known = here.known()
    assert (name_of(known, "o"), name_of(known, "a"), broken()) == ("operator", None, 1)
    assert "No such file" in caplog.text
    here.write({"ada": entry("a")})
    await here.later(known)
    assert (name_of(known, "a"), broken()) == ("ada", 0)
