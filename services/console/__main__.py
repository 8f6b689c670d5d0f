"""The console is wired together here: the loop on a screen, for the people who decide and answer."""

import sys
from functools import partial

from fastapi import Request

from services.console.acting import known
from services.console.keeping import kept
from services.console.personal import PERSONAL
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.configuration.files import ConfigError
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Service, run


async def nobody(_: Request) -> Signed | None:
    """Knows nobody: sessions come with `sessions/`."""
    return None


def service(settings: ConsoleSettings) -> Service:
    """Returns the console, ready to run."""
    database = Database(settings, "console")
    return Service(
        "console",
        settings,
        database,
        site=partial(site, settings, database, nobody),
        before=[partial(known.say_what_is_missing, settings)],
        kept=kept(settings),
        personal=PERSONAL,
        about="Shows the loop to the people who decide and answer: what is wrong, whom it touches, what was said, and what waits for them.",
    )


if __name__ == "__main__":
    try:
        run(service(ConsoleSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
