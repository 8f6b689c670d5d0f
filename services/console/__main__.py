"""The console is wired together here: the loop on a screen, for the people who decide and answer."""

import sys
from datetime import timedelta
from functools import partial

from fastapi import Request

from services.console import metrics, timers
from services.console.acting.owners import Owners
from services.console.api.measures import router as measures
from services.console.keeping import kept
from services.console.personal import PERSONAL
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.configuration.files import ConfigError
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Service, run
from shared.timers import Work


async def nobody(_: Request) -> Signed | None:
    """Knows nobody: sessions come with `sessions/`."""
    return None


def service(settings: ConsoleSettings) -> Service:
    """Returns the console, ready to run."""
    database = Database(settings, "console")
    owners = Owners(settings)
    return Service(
        "console",
        settings,
        database,
        due={timers.MEASURE: Work(partial(timers.measure_period, database), lease=timedelta(minutes=2), recurs=True)},
        before=[partial(timers.begin_measuring, database)],
        routers=[measures],
        measurements=[metrics.measured(database)],
        site=partial(site, settings, database, nobody, owners=owners),
        background=(owners.run,),
        kept=kept(settings),
        personal=PERSONAL,
        about="Shows the loop to the people who decide and answer: what is wrong, whom it touches, what was said, and what waits for them.",
    )


if __name__ == "__main__":
    try:
        run(service(ConsoleSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
