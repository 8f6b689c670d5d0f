"""Implements `forewarn due`: shows work that raised again and again and was put aside, with its reason, and has it tried again."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from deploy.local.asking import DEFAULT_URLS, Token, Urls, ask_all, report
from deploy.local.running import run
from deploy.local.terminal import say
from shared.observing.printable import printable
from shared.routes.due import DueAside, Retried

due = typer.Typer(help="Due work that was put aside: what it is and why, and how to have it tried again.")


@due.callback(invoke_without_command=True)
def show(context: typer.Context, url: Urls = None, token: Token = "") -> None:
    """Shows what each service has put aside, by kind and reason."""
    if context.invoked_subcommand is None:
        raise typer.Exit(run(lambda: show_on(url or DEFAULT_URLS, token)))


@due.command()
def retry(
    kind: Annotated[str | None, typer.Argument(help="Only this kind; everything when not given.")] = None,
    ref: Annotated[str | None, typer.Option(help="Only the one with this ref.")] = None,
    url: Urls = None,
    token: Token = "",
) -> None:
    """Has work tried again at once, after the cause is mended. What raises again is put aside again."""
    raise typer.Exit(run(lambda: retry_on(url or DEFAULT_URLS, token, kind, ref)))


async def show_on(urls: Sequence[str], token: str) -> int:
    """Prints what was put aside. Returns the exit code: 1 when there is any, or a service does not answer."""
    answers = await ask_all(urls, token, "/v1/due", DueAside)
    lines = [line for answer in answers if answer.said for line in _lines(answer.said)]
    lines += [answer.complaint() for answer in answers if not answer.said]
    say(*(lines or ["no work is put aside"]))
    return 1 if lines else 0


def _lines(read: DueAside) -> Iterator[str]:
    for each in read.aside:
        yield f"{read.service}: {each.rows:,} of {printable(each.kind)} put aside since {each.since}: {printable(each.reason)}"
        yield f"  the latest: {', '.join(map(printable, each.refs))}"
        yield f"  mend the cause, then: forewarn due retry {printable(each.kind)}"


async def retry_on(urls: Sequence[str], token: str, kind: str | None, ref: str | None) -> int:
    """Prints how many rows are tried again. Returns the exit code: 1 when a service does not answer."""
    answers = await ask_all(urls, token, "/v1/due/retry", Retried, {"kind": kind, "ref": ref})
    return report(answers, lambda said: f"{said.rows:,} rows are tried again")
