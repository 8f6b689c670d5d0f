"""Ticketing is wired together here; it works on the cases that customers bring in."""

import sys
from datetime import timedelta
from functools import partial

from services.ticketing import timers
from services.ticketing.api.tickets import router
from services.ticketing.hearing import risks
from services.ticketing.hearing.customers import on_customers
from services.ticketing.hearing.incidents import on_incidents
from services.ticketing.hearing.requests import on_requests
from services.ticketing.keeping import kept
from services.ticketing.personal import PERSONAL
from services.ticketing.settings import TicketingSettings
from services.ticketing.store.due import BREACH, END, LOOK, MATCH, TIDY, WARN
from services.ticketing.support import Configuration
from shared import erasing
from shared.configuration.files import ConfigError
from shared.events import FACTS, CustomerErased, SupportRequested, Topic
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Service, run
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import Work

IMPACT_AT_ONCE = 50  # facts about incidents in one transaction: each may name 500 customers


def service(settings: TicketingSettings) -> Service:
    """Returns ticketing, ready to run. Raises ConfigError when catalog.yml or support.yml does not say what it must."""
    config = Configuration.of(*settings.config_folders)
    database = Database(settings, "ticketing")
    handlings = (
        Handling(Topic.RISKS, risks.FACTS, partial(risks.on_risks, config)),
        Handling(Topic.SUPPORT_REQUESTS, (SupportRequested,), partial(on_requests, config)),
        Handling(Topic.INCIDENTS, FACTS[Topic.INCIDENTS], on_incidents),
        Handling(Topic.CUSTOMERS, (CustomerErased,), on_customers),
    )
    topics = {
        Topic.RISKS: 500,
        Topic.SUPPORT_REQUESTS: 500,
        Topic.INCIDENTS: IMPACT_AT_ONCE,
        Topic.CUSTOMERS: erasing.AT_ONCE,
    }
    check = Work(partial(timers.check_first_response, database), at_once=8)
    return Service(
        "ticketing",
        settings,
        database,
        [
            Stream("ticketing", topic, handling, database, at_once=at_once)
            for (topic, at_once), handling in zip(topics.items(), handlings, strict=True)
        ],
        due={
            WARN: check,
            BREACH: check,
            LOOK: Work(partial(timers.look_again, config, database), at_once=2),
            MATCH: Work(partial(timers.match_impact, config, database)),
            END: Work(partial(timers.end_incident, config, database), lease=timedelta(minutes=2)),
            TIDY: Work(partial(timers.tidy_tickets, config, database), recurs=True),
        },
        before=[partial(timers.begin_tidying, database)],
        routers=[router(config)],
        kept=kept(settings),
        personal=PERSONAL,
        about="Keeps the cases of customers who write in: who works on each, by when, and which incident it belongs to.",
    )


if __name__ == "__main__":
    try:
        run(service(TicketingSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
