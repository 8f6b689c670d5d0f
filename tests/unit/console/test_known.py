"""At its start the console says in clear words why people could not act through it, and is silent when they can."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy import tokens_file
from deploy.console_token import make_known
from services.console.acting.known import say_what_is_missing, trouble
from services.console.settings import ConsoleSettings
from shared.http.tokens_file import Entry, TokensFile
from shared.identity import Role

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
TOKEN = "the-token-of-the-console"


def settings_with(file: Path | str) -> ConsoleSettings:
    return ConsoleSettings(environment="demo", tokens_file=str(file), console_token=TOKEN)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tokens_file.ensure(tmp_path / "tokens.yml")
    return tmp_path / "tokens.yml"


def change_console(file: Path, **what: object) -> None:
    """Changes what the file says of the console."""

    def decide(held: TokensFile) -> TokensFile:
        return TokensFile(callers={"console": Entry(**{**dict(held.callers["console"]), **what})})

    tokens_file.change(file, decide)


def test_nothing_is_missing_where_the_file_knows_the_token_as_an_operators_who_may_act_for_others(file: Path) -> None:
    make_known(file, TOKEN, NOW)
    assert trouble(settings_with(file), NOW) is None


def test_without_a_file_nobody_may_act_for_others() -> None:
    assert "FOREWARN_TOKENS_FILE names no file" in (trouble(settings_with(""), NOW) or "")


def test_a_file_that_does_not_know_the_token(file: Path) -> None:
    assert trouble(settings_with(file), NOW) == "the console's token is not in the file of tokens"


def test_a_file_that_cannot_be_read(file: Path) -> None:
    file.write_text("callers: [console]\n")
    assert "the file of tokens cannot be read" in (trouble(settings_with(file), NOW) or "")


def test_a_token_that_ended_may_not_act_or_is_no_operators(file: Path) -> None:
    make_known(file, TOKEN, NOW)
    change_console(file, may_act_for_others=False)
    assert trouble(settings_with(file), NOW) == "console, whose token the console has, may not act for others"
    change_console(file, may_act_for_others=True, role=Role.AGENT)
    assert trouble(settings_with(file), NOW) == "console, whose token the console has, is no operator but agent"
    [token] = tokens_file.read(file).callers["console"].tokens
    change_console(file, tokens=(token.model_copy(update={"ends_at": NOW}),))
    assert trouble(settings_with(file), NOW - timedelta(seconds=1)) == "console, whose token the console has, is no operator but agent"
    assert trouble(settings_with(file), NOW) == "the console's token, that of console, has ended"


async def test_the_log_says_it_with_what_to_do_and_without_the_token(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    await say_what_is_missing(settings_with(file))
    [said] = caplog.messages
    assert "`forewarn tokens add console --role operator --may-act-for-others`" in said
    assert TOKEN not in said
    caplog.clear()
    make_known(file, TOKEN, datetime.now(UTC))
    caplog.set_level(logging.INFO)
    await say_what_is_missing(settings_with(file))
    assert caplog.messages == []
