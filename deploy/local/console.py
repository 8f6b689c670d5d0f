"""Implements `forewarn console`: what is done to the console's own tables, by its own settings (FOREWARN_…), where it runs."""

from typing import Annotated

import typer

from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from services.console.rebuilding.rebuild import BOTH, Busy, rebuild
from services.console.rebuilding.tables import NoSchema, Overtaken
from services.console.rebuilding.topics import Silent, kafka
from services.console.settings import ConsoleSettings
from shared.connecting.brokers import brokers_of
from shared.postgres import TRANSIENT, Database

console = typer.Typer(
    no_args_is_help=True, help="The console's tables, where the console runs: `docker compose exec console forewarn console …`."
)

STAY = "the console's tables stay as they were"


@console.command("rebuild")
def rebuild_(
    forget_older: Annotated[
        bool,
        typer.Option("--forget-older", help="Keep no row that is older than what the topics still have; else such rows are taken over."),
    ] = False,
) -> None:
    """Makes what the console shows anew from the topics, while it serves and goes on hearing; then swaps. It may be killed at any time."""
    raise typer.Exit(run(lambda: rebuild_on(ConsoleSettings(), forget_older=forget_older)))


async def rebuild_on(settings: ConsoleSettings, *, forget_older: bool) -> int:
    """Rebuilds, and prints how far it is and what has changed. Returns the exit code."""
    database = Database(settings, BOTH)
    await database.open()
    try:
        async with kafka(brokers_of(settings)) as source:
            taken = await rebuild(database, source, settings, say, forget_older=forget_older)
    except (NoSchema, Overtaken, Busy, Silent) as error:
        raise Failed(f"{error} ({STAY})") from error
    except TRANSIENT as error:
        raise Failed(f"the database or Kafka: {error} ({STAY})") from error
    finally:
        await database.close()
    say(f"rebuilt from {taken:,} facts")
    return 0
