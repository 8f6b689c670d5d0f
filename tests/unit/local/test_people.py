"""`forewarn people` says who may sign in to the console, and makes links that sign in; what the console refuses is said in its words."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deploy.local.people import Console, way_in
from deploy.local.ports import free_port
from deploy.local.processes import ROOT, Failed
from services.console.__main__ import service
from services.console.sessions.roles import Role
from services.console.settings import ConsoleSettings
from shared.settings import Settings
from tests.flow.test_streams import serving

TOKEN = "operator-token"


@pytest.fixture
async def console(fresh_database: Settings) -> AsyncIterator[Console]:
    given: dict[str, Any] = {name: value for name, value in fresh_database if name in Settings.model_fields}
    it = service(ConsoleSettings(**given, console_token="the console's own", console_url="http://localhost:8004/support"))
    await it.database.open()
    try:
        async with serving(it) as url:
            yield Console(url, TOKEN)
    finally:
        await it.database.close()


async def typed(console: Console, *words: str, given: str = "") -> tuple[int, str, str]:
    """Returns exit code, standard output and standard error of `forewarn people …` as somebody types it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.cli", "people", *words),
        cwd=ROOT,
        env={"FOREWARN_CONSOLE_URL": console.url, "FOREWARN_OPERATOR_TOKEN": console.token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    return process.returncode or 0, out.decode(), err.decode()


async def roles(console: Console) -> dict[str, str]:
    return {person.name: person.role for person in await console.listed()}


async def test_people_are_added_listed_and_removed(console: Console) -> None:
    await console.add("ada@example.org", Role.LEAD)
    await console.add("bob", Role.VIEWER, "correct horse battery staple")
    assert await roles(console) == {"ada@example.org": "lead", "bob": "viewer"}
    assert {person.name: person.has_password for person in await console.listed()} == {"ada@example.org": False, "bob": True}
    await console.remove("ada@example.org")
    assert await roles(console) == {"bob": "viewer"}


async def test_a_list_longer_than_a_page_is_whole(console: Console) -> None:
    for number in range(101):
        await console.add(f"p{number}", Role.AGENT)
    assert len(await roles(console)) == 101


async def test_a_link_is_for_whoever_is_there_and_with_a_role_for_anybody(console: Console) -> None:
    with pytest.raises(Failed, match="refuses"):
        await console.link("demo")
    first = await console.link("demo", Role.OPERATOR)
    second = await console.link("demo", Role.VIEWER)
    assert first != second
    assert first.startswith("http://localhost:8004/support/enter/")
    assert await roles(console) == {"demo": "operator"}, "a role is for somebody new"


async def test_the_way_in_is_a_line_that_ends_with_the_link(console: Console) -> None:
    line = await way_in(console.url, TOKEN, "demo")
    assert "http://localhost:8004/support/enter/" in line.split()[-1]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda console: console.add("ada", Role.AGENT), "ada"),
        (lambda console: console.add("operator", Role.OPERATOR), "reserved"),
        (lambda console: console.add("eve", Role.AGENT, "short"), "refuses"),
        (lambda console: console.remove("nobody-of-this-name"), "nobody"),
    ],
)
async def test_what_the_console_refuses_is_said_in_its_words(console: Console, act: Any, said: str) -> None:
    await console.add("ada", Role.AGENT)
    with pytest.raises(Failed, match=said):
        await act(console)


async def test_a_console_that_is_away_or_does_not_know_the_token_is_named(console: Console) -> None:
    with pytest.raises(Failed, match="does not answer"):
        await Console(f"http://127.0.0.1:{free_port()}", TOKEN).listed()
    with pytest.raises(Failed, match="does not know this token"):
        await Console(console.url, "wrong").listed()
    with pytest.raises(Failed, match="refuses"):
        await Console(console.url, "agent-token").listed()


async def test_a_password_comes_from_standard_input_and_standard_output_has_the_link_alone(console: Console) -> None:
    words = "correct horse battery staple"
    code, out, err = await typed(console, "add", "ada", "--role", "agent", "--password-stdin", given=f"{words}\n")
    assert (code, out, err) == (0, "ada may sign in as agent\n", "")
    assert [person.has_password for person in await console.listed()] == [True]
    code, out, err = await typed(console, "link", "ada")
    assert code == 0
    assert out.startswith("http://localhost:8004/support/enter/")
    assert len(out.splitlines()) == 1
    assert "works once" in err
    assert (await typed(console, "list"))[1].splitlines()[1].split() == ["ada", "agent", "password"]
    assert (await typed(console, "remove", "ada"))[0] == 0
    code, out, err = await typed(console, "remove", "ada")
    assert (code, out) == (1, "")
    assert "refuses" in err
    assert "Traceback" not in err
