"""monitor's wiring: sources are mapped, product events folded, partials judged; incidents wake the fold, silence is noticed."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter

from services.monitor.actions import webhooks
from services.monitor.actions.acting import LEASE as CALLING
from services.monitor.actions.acting import Acting
from services.monitor.actions.file import ActionsFile
from services.monitor.acts.maintaining import MAINTENANCE, Maintaining
from services.monitor.acts.renewing import Renewing
from services.monitor.api import hooks, logs, router
from services.monitor.api.backtests import backtests_router
from services.monitor.api.rules import rules_router
from services.monitor.api.sources import latest_of, sources_router
from services.monitor.api.why import why_router
from services.monitor.hearing import sources
from services.monitor.hearing.customers import on_customers, on_forgotten
from services.monitor.hearing.events import Folding, Limits, stream_of
from services.monitor.hearing.partials import Detecting
from services.monitor.hearing.tickets import HEARD, Complaining
from services.monitor.keeping import kept
from services.monitor.past.trying import LEASE, TRY, Trying
from services.monitor.personal import PERSONAL
from services.monitor.ruling import Ruling, taking, written_in
from services.monitor.settings import MonitorSettings
from services.monitor.sources.file import SourcesFile
from services.monitor.store.renewals import JUDGE
from services.monitor.store.risks import ACT
from services.monitor.timers import CALM_DOWN, EXPECT, LISTEN, CalmingDown, Listening, OpeningOverdue, measure
from shared import erasing
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, file_of, load, load_if_there
from shared.connecting.brokers import brokers_of
from shared.events import CustomerErased, CustomerUpdated, Topic
from shared.observing.visible import visible
from shared.outgoing.forwarding import Forwarder
from shared.postgres import Database, patiently, wait_for_wakeup
from shared.service import Service, run
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import Work

AT_ONCE = 5000  # events a poll may bring: some 25 ms of CPU
SLOWEST = 1.0  # seconds between checkpoints under load
ACTIONS = 8  # risks that are acted on side by side: so many webhooks may be slow at once
MEASURED = 10.0  # seconds between looks at the open incidents, for the metrics


def service(settings: MonitorSettings) -> Service:
    """Returns monitor, ready to run. Raises ConfigError when one of its files does not say what it must."""
    ruling = Ruling(lambda: written_in(file_of("rules.yml", settings.config_folders)))
    rules = ruling.file
    catalog = load(file_of("catalog.yml", settings.config_folders), Catalog)
    named = frozenset(catalog.components)
    company = load_if_there(file_of("sources.yml", settings.config_folders), SourcesFile)
    database = Database(settings, "monitor")
    opened, trying = hooks.opened(company.hooks, settings), sources_router(company, latest_of(brokers_of(settings)))
    forwarders = {topic: Forwarder(brokers_of(settings), topic) for topic in sources.TO}
    limits = Limits(settings.seen_limit, settings.component_limit, settings.alias_limit)
    folding = Folding(rules, forwarders[Topic.PRODUCT_EVENTS], limits=limits, named=named)
    events = stream_of(folding, database, at_once=AT_ONCE, slowest=SLOWEST)
    detecting = Detecting(rules, settings.component_limit, named, parents=catalog.parents)
    partials = Stream("monitor", Topic.PARTIALS, detecting, database)
    hearing = Handling(Topic.CUSTOMERS, (CustomerErased, CustomerUpdated), on_customers, on_forgotten)
    customers = Stream("monitor", Topic.CUSTOMERS, hearing, database, at_once=erasing.AT_ONCE)
    complaining = Complaining(rules)
    tickets = Stream("monitor", Topic.TICKETS, Handling(Topic.TICKETS, HEARD, complaining), database)
    calming = CalmingDown(lambda: complaining.rules, database, tickets)
    listening = Listening(rules, database, events, partials)
    overdue, maintaining = OpeningOverdue(rules, named, database, catalog.parents), Maintaining(database)
    acting = Acting(database, _caller(settings))
    drafts = Trying(database, ruling, catalog)
    begun = maintaining.catch_up, listening.schedule, overdue.schedule, calming.schedule
    ruling.judging = [taking(partials, detecting.use), taking(events, folding.use), listening.take, overdue.take, complaining.take]
    return Service(
        "monitor",
        settings,
        database,
        [events, partials, customers, tickets, *sources.streams(company, database, forwarders)],
        due=_due(listening, overdue, calming, maintaining, drafts)
        | {ACT: Work(acting, ACTIONS, CALLING), JUDGE: Work(Renewing(lambda: ruling.file, database))},
        routers=[router, *_of_rules(ruling), trying, hooks.router_of(opened), logs.router_of(company.otlp)],
        doors=[hooks.PATH + name for name in opened],
        before=[partial(ruling.begin, database), *(partial(patiently, "the database", each) for each in begun)],
        background=[
            *_saving(folding, database, events),
            partial(_save_at, database.wakeup("incidents"), detecting.look_again, partials),
            partial(_save_at, database.wakeup("maintenance"), detecting.look_again, partials),
            partial(_measure_at, database.wakeup("incidents"), database, ruling),
            partial(ruling.run, database),
            *(forwarder.run for forwarder in forwarders.values()),
        ],
        ending=[drafts.stop],
        kept=kept(settings),
        personal=PERSONAL,
        about="Finds incidents in what the product's systems say, and whom they touch.",
    )


def _caller(settings: MonitorSettings) -> webhooks.Caller:
    """Returns what calls the webhooks of actions.yml."""
    return webhooks.Caller(webhooks.opened(load_if_there(file_of("actions.yml", settings.config_folders), ActionsFile), settings))


def _of_rules(ruling: Ruling) -> list[APIRouter]:
    """Returns the endpoints that answer by the rules in force."""
    return [rules_router(ruling), backtests_router(ruling), why_router(ruling)]


def _due(listening: Listening, overdue: OpeningOverdue, calming: CalmingDown, maintaining: Maintaining, drafts: Trying) -> dict[str, Work]:
    """Returns the due work by its kind."""
    return {
        LISTEN: Work(listening, recurs=True),
        EXPECT: Work(overdue, recurs=True),
        CALM_DOWN: Work(calming, recurs=True),
        MAINTENANCE: Work(maintaining),
        TRY: Work(drafts, lease=LEASE),
    }


def _saving(folding: Folding, database: Database, events: Stream) -> list[Callable[[], Awaitable[None]]]:
    """Returns what has the fold look at what changes in these tables, and save."""
    changed = {
        "incidents": folding.incidents_changed,
        "fold_erasures": folding.customers_erased,
        "aliases": folding.names_changed,
        "fold_moves": folding.names_changed,
        "reading": folding.read_further,
    }
    return [partial(_save_at, database.wakeup(table), each, events) for table, each in changed.items()]


async def _save_at(wakeup: asyncio.Event, changed: Callable[[], None], stream: Stream) -> None:
    """Tells the fold, or detection, at each wake-up that something has changed in the database, and lets it save at once."""
    while True:
        await wait_for_wakeup(wakeup, MEASURED)
        changed()
        await stream.tick()


async def _measure_at(wakeup: asyncio.Event, database: Database, ruling: Ruling) -> None:
    """Measures the open incidents at each wake-up, and the risks with them."""
    while True:
        rules = ruling.file
        await measure(database, rules.of_risks)
        await wait_for_wakeup(wakeup, MEASURED)


if __name__ == "__main__":
    try:
        run(service(MonitorSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
