"""The console is wired together here: the loop on a screen, for the people who decide and answer."""

import logging
import sys
from datetime import timedelta
from functools import partial

from services.console import metrics, timers
from services.console.acting import known
from services.console.acting.owners import Owners
from services.console.acting.watching import Watch
from services.console.api import people
from services.console.api.measures import router as measures
from services.console.hearing.letters import Watch as Letters
from services.console.hearing.streams import streams
from services.console.keeping import kept
from services.console.live.behind import Behind
from services.console.live.hub import Hub
from services.console.personal import PERSONAL
from services.console.sessions.passwords import Passwords
from services.console.sessions.places import cannot_sign_in, cannot_tell_apart
from services.console.sessions.recognizing import Recognizer
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.configuration.files import ConfigError
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Service, run
from shared.timers import Work

log = logging.getLogger(__name__)


async def say_whether_people_can_sign_in(settings: ConsoleSettings) -> None:
    """Logs an error where no browser can sign in at the console's address, and a warning where all come from one address."""
    if why := cannot_sign_in(settings.console_url):
        log.error("%s", why)
    if why := cannot_tell_apart(settings.console_url, settings.trusted_proxies):
        log.warning("%s", why)


def service(settings: ConsoleSettings) -> Service:
    """Returns the console, ready to run."""
    database, passwords = Database(settings, "console"), Passwords()
    heard = tuple(streams(database))
    behind = Behind(heard)
    hub = Hub(database, settings.live_streams, behind)
    owners, letters = Owners(settings), Letters(settings, database)
    watch = Watch(owners, database)
    return Service(
        "console",
        settings,
        database,
        due={
            timers.MEASURE: Work(partial(timers.measure_period, database), lease=timedelta(minutes=2), recurs=True),
            timers.SWEEP: Work(partial(timers.sweep_acts, database), recurs=True),
        },
        before=[
            partial(timers.begin, database),
            partial(say_whether_people_can_sign_in, settings),
            partial(known.say_what_is_missing, settings),
        ],
        routers=[measures, people.router(settings, passwords)],
        site=partial(site, settings, database, Recognizer(settings, database), hub, passwords, owners=owners, streams=heard, watch=watch),
        streams=heard,
        background=(hub.run, owners.run, letters.run, watch.run),
        ending=(hub.close,),
        measurements=[metrics.measured(database), behind],
        kept=kept(settings),
        personal=PERSONAL,
        about="Shows the loop to the people who decide and answer: what is wrong, whom it touches, what was said, and what waits for them.",
    )


if __name__ == "__main__":
    try:
        run(service(ConsoleSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
