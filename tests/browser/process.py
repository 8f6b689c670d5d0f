"""Runs a console as a process of its own, with people signed in by a header; settings come from the environment."""

from functools import partial

from services.console.live.behind import Behind
from services.console.live.hub import Hub
from services.console.settings import ConsoleSettings
from services.console.site import site
from shared.postgres import Database
from shared.service import Service, run
from tests.flow.console_screen import _by_header


def service(settings: ConsoleSettings) -> Service:
    """Returns the console as `__main__` wires it, but for who is signed in."""
    database = Database(settings, "console")
    hub = Hub(database, settings.live_streams, Behind(()))
    pages = partial(site, settings, database, _by_header, hub)
    return Service("console", settings, database, site=pages, background=(hub.run,), ending=(hub.close,))


if __name__ == "__main__":
    run(service(ConsoleSettings()))
