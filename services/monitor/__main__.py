"""monitor's wiring: product events are folded, partials are judged, incidents wake the fold, silence is noticed."""

import sys
from functools import partial

from services.monitor.api import router
from services.monitor.hearing.customers import on_customers
from services.monitor.hearing.events import Folding, Limits, stream_of
from services.monitor.hearing.partials import Detecting
from services.monitor.keeping import kept
from services.monitor.personal import PERSONAL
from services.monitor.rules.file import RulesFile
from services.monitor.settings import MonitorSettings
from services.monitor.timers import LISTEN, Listening, measure
from shared import erasing
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, file_of, load
from shared.connecting.brokers import brokers_of
from shared.events import CustomerErased, Topic
from shared.observing.visible import visible
from shared.outgoing.forwarding import Forwarder
from shared.postgres import Database, patiently, wait_for_wakeup
from shared.service import Service, run
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import Work

AT_ONCE = 5000  # events a poll may bring: some 25 ms of CPU
SLOWEST = 1.0  # seconds between checkpoints under load
MEASURED = 10.0  # seconds between looks at the open incidents, for the metrics


def service(settings: MonitorSettings) -> Service:
    """Returns monitor, ready to run. Raises ConfigError when rules.yml or catalog.yml does not say what it must."""
    rules = load(file_of("rules.yml", settings.config_folders), RulesFile)
    named = frozenset(load(file_of("catalog.yml", settings.config_folders), Catalog).components)
    database = Database(settings, "monitor")
    forwarder = Forwarder(brokers_of(settings), Topic.PRODUCT_EVENTS)
    folding = Folding(rules, forwarder, limits=Limits(settings.seen_limit, settings.component_limit), named=named)
    events = stream_of(folding, database, at_once=AT_ONCE, slowest=SLOWEST)
    partials = Stream("monitor", Topic.PARTIALS, Detecting(rules, settings.component_limit, named), database)
    customers = Stream(
        "monitor", Topic.CUSTOMERS, Handling(Topic.CUSTOMERS, (CustomerErased,), on_customers), database, at_once=erasing.AT_ONCE
    )
    changed = database.wakeup("incidents")

    async def watch_incidents() -> None:
        while True:
            await wait_for_wakeup(changed, MEASURED)
            folding.incidents_changed()
            await events.tick()

    erased = database.wakeup("fold_erasures")

    async def watch_erasures() -> None:
        while True:
            await wait_for_wakeup(erased, MEASURED)
            folding.customers_erased()
            await events.tick()

    ended = database.wakeup("incidents")

    async def measure_incidents() -> None:
        while True:
            await measure(database)
            await wait_for_wakeup(ended, MEASURED)

    listening = Listening(rules, database, events, partials)
    return Service(
        "monitor",
        settings,
        database,
        [events, partials, customers],
        due={LISTEN: Work(listening, recurs=True)},
        routers=[router],
        before=[partial(patiently, "the database", listening.schedule)],
        background=[watch_incidents, watch_erasures, measure_incidents, forwarder.run],
        kept=kept(settings),
        personal=PERSONAL,
        about="Finds incidents in what the product's systems say, and whom they touch.",
    )


if __name__ == "__main__":
    try:
        run(service(MonitorSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
