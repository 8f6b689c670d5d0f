"""Implements `forewarn people`: who may sign in to the console, and links that sign in once. The console decides; this only asks it."""

import sys
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import typer
from pydantic import BaseModel

from deploy.local.asking import Answer, S, Token, ask
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from services.console.sessions.roles import Role

PATH = "/v1/people"
LINE = "{:<32} {:<10} {}"  # of the table

people = typer.Typer(help="People: who may sign in to the console, in which role.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Who: as histories will name them, such as ada or ada@example.org.", show_default=False)]
Url = Annotated[str, typer.Option("--url", envvar="FOREWARN_CONSOLE_URL", help="Where the console is.")]
DEFAULT_URL = "http://localhost:8004"


class Person(BaseModel):
    """Is one person as the console shows them, as far as it is printed here."""

    name: str
    role: str
    has_password: bool = False
    has_provider: bool = False
    disabled: bool = False


class Listed(BaseModel):
    """Is a page of the list."""

    items: list[Person]
    next: str | None = None


class Link(BaseModel):
    """Is a link that signs in once."""

    url: str


class Done(BaseModel):
    """Is an answer that says no more than that it was done."""


@dataclass(frozen=True)
class Console:
    """Is a console that runs, asked by an operator. Each method raises `Failed` with a sentence when it refuses or is away."""

    url: str
    token: str

    async def add(self, name: str, role: Role, password: str | None = None) -> None:
        _said(await self._ask("POST", "", Done, {"name": name, "role": role, "password": password}))

    async def remove(self, name: str) -> None:
        _said(await self._ask("DELETE", f"/{_segment(name)}", Done))

    async def listed(self) -> list[Person]:
        found, page = [], _said(await self._ask("GET", "", Listed))
        while page.next:
            found += page.items
            page = _said(await self._ask("GET", f"?cursor={quote(page.next, safe='')}", Listed))
        return [*found, *page.items]

    async def link(self, name: str, role: Role | None = None) -> str:
        """Returns a link that signs this person in once; with a role, somebody who is not there yet is added."""
        answer = await self._link(name)
        if answer.status == 404 and role is not None:
            await self.add(name, role)
            answer = await self._link(name)
        return _said(answer).url

    async def _link(self, name: str) -> Answer[Link]:
        return await self._ask("POST", f"/{_segment(name)}/link", Link, {})

    async def _ask(self, method: str, path: str, shape: type[S], body: dict[str, Any] | None = None) -> Answer[S]:
        return await ask(self.url, self.token, method, PATH + path, shape, body)


async def way_in(url: str, token: str, person: str) -> str:
    """Returns a line with a link that signs this person in as an operator, once. Raises `Failed` when there is none to be had."""
    made = await Console(url, token).link(person, Role.OPERATOR)
    return f"The console, signed in as {person} (the link works once, and not for long): {made}"


def _segment(name: str) -> str:
    return quote(name, safe="")


def _said(answer: Answer[S]) -> S:
    if answer.said is None:
        raise Failed(answer.complaint())
    return answer.said


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@people.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do; each role may do what those before it may.", show_default=False)],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Reads the password from the first line of stdin.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Lets somebody sign in. Asks for a password on a terminal; who has none signs in by a link, or through your identity provider."""
    password = _password(password_stdin)

    async def command() -> int:
        await Console(url, token).add(name, role, password)
        say(f"{name} may sign in as {role}" + ("" if password else f": `forewarn people link {name}` makes a link"))
        return 0

    raise typer.Exit(run(command))


@people.command(name="list")
def list_(url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Shows who may sign in, in which role, and how."""

    async def command() -> int:
        say(LINE.format("name", "role", "signs in by"), *map(_line, await Console(url, token).listed()))
        return 0

    raise typer.Exit(run(command))


@people.command()
def link(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="Adds them in this role when they are not there yet.", show_default=False)] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Prints a link that signs this person in once, and ends an older one that was not used."""

    async def command() -> int:
        made = await Console(url, token).link(name, role)
        say(f"The console, signed in as {name}. The link works once, and not for long; the same command makes another.", error=True)
        say(made)
        return 0

    raise typer.Exit(run(command))


@people.command()
def remove(name: Name, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Signs somebody out everywhere, for good. What they did stays in histories by their name."""

    async def command() -> int:
        await Console(url, token).remove(name)
        say(f"{name} may sign in no more")
        return 0

    raise typer.Exit(run(command))


def _password(from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    said: str = typer.prompt("Password (empty: none)", default="", show_default=False, hide_input=True, confirmation_prompt=True)
    return said or None


def _line(person: Person) -> str:
    ways = {"password": person.has_password, "identity provider": person.has_provider}
    by = ", ".join(way for way, has in ways.items() if has) or "link"
    return LINE.format(person.name, person.role, "nothing: disabled" if person.disabled else by)
