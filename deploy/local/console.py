"""Implements `forewarn console`: what is done to the console's own tables, by its own settings (FOREWARN_…), where it runs."""

from typing import Annotated

import typer

from deploy.local.running import run
from deploy.local.terminal import say
from services.console.rebuilding.__main__ import rebuild_with
from services.console.settings import ConsoleSettings

console = typer.Typer(
    no_args_is_help=True, help="The console's own tables, where the console runs: `docker compose exec console forewarn console …`."
)


@console.command()
def rebuild(
    forget_older: Annotated[
        bool,
        typer.Option("--forget-older", help="Keep no row that is older than what the topics still have; else such rows are taken over."),
    ] = False,
) -> None:
    """Makes what the console shows anew from the topics, while it serves and goes on hearing; then swaps. It may be killed at any time."""
    raise typer.Exit(run(lambda: rebuild_with(ConsoleSettings(), say, forget_older=forget_older)))
