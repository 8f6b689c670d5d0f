"""Implements `forewarn report`: asks the console for the measures of a time before now, or of one incident, and prints them."""

import json
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

import typer

from deploy.local.asking import Token, ask_all
from deploy.local.running import run
from deploy.local.terminal import say
from services.console.api.measures import Measures
from services.console.measures.words import in_words
from shared.observing.printable import printable

LINE = "{:<40} {:>14}  {}"  # of the table
CONSOLE = "http://localhost:8004"


def report(
    since: Annotated[str, typer.Option(metavar="DURATION", help="Of what was opened in this time before now.")] = "7d",
    incident: Annotated[str | None, typer.Option(metavar="ID", help="Of one incident instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
    url: Annotated[str, typer.Option(envvar="FOREWARN_CONSOLE_URL", help="Where the console is.")] = CONSOLE,
    token: Token = "",
) -> None:
    """Shows whether telling customers helped: coverage, lead time, complaints, response times. docs/measures.md defines each."""
    path = f"/v1/incidents/{quote(incident, safe='')}/measures" if incident else f"/v1/measures?since={quote(since, safe='')}"
    raise typer.Exit(run(lambda: report_on(url, token, path, as_json)))


async def report_on(url: str, token: str, path: str, as_json: bool) -> int:
    """Prints what the console answers. Returns the exit code: 1 when it does not answer."""
    [answer] = await ask_all([url], token, path, Measures)
    if answer.said is None:
        say(answer.complaint(), error=True)
        return 1
    say(*([as_line(answer.said)] if as_json else _table(answer.said)))
    return 0


def as_line(said: Measures) -> str:
    """Returns the figures by name, as one line of JSON."""
    about = {"incident_id": said.incident_id} if said.incident_id else {"since": _moment(said.since), "until": _moment(said.until)}
    return json.dumps(about | {each.name: each.figure for each in said.measures})


def _table(said: Measures) -> Iterator[str]:
    if said.incident_id:
        yield f"incident {printable(said.incident_id)}"
    else:
        yield f"opened from {_moment(said.since)} to {_moment(said.until)}"
    for each in said.measures:
        yield LINE.format(printable(each.title), in_words(each.figure, each.unit), each.name)


def _moment(at: object) -> str:
    return str(at) if at is not None else ""
