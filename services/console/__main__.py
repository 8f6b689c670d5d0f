"""The console is wired together here: the loop on a screen, for the people who decide and answer."""

import logging
import sys
from functools import partial

from services.console.acting import known
from services.console.api import people
from services.console.keeping import kept
from services.console.personal import PERSONAL
from services.console.sessions.passwords import Passwords
from services.console.sessions.places import cannot_sign_in
from services.console.sessions.recognizing import Recognizer
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.configuration.files import ConfigError
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Service, run

log = logging.getLogger(__name__)


async def say_whether_people_can_sign_in(settings: ConsoleSettings) -> None:
    """Logs an error where no browser can sign in at the console's address."""
    if why := cannot_sign_in(settings.console_url):
        log.error("%s", why)


def service(settings: ConsoleSettings) -> Service:
    """Returns the console, ready to run."""
    database, passwords = Database(settings, "console"), Passwords()
    return Service(
        "console",
        settings,
        database,
        routers=[people.router(settings, passwords)],
        site=partial(site, settings, database, Recognizer(settings, database), passwords),
        before=[partial(say_whether_people_can_sign_in, settings), partial(known.say_what_is_missing, settings)],
        kept=kept(settings),
        personal=PERSONAL,
        about="Shows the loop to the people who decide and answer: what is wrong, whom it touches, what was said, and what waits for them.",
    )


if __name__ == "__main__":
    try:
        run(service(ConsoleSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
