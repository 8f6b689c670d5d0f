"""Ticketing: works on the cases that come all the same. Wiring only."""

import sys
from datetime import timedelta
from functools import partial

from services.ticketing import timers
from services.ticketing.api import router
from services.ticketing.handlers import on_incidents, on_notifications, on_requests
from services.ticketing.keeping import kept
from services.ticketing.settings import TicketingSettings
from services.ticketing.store import BREACH, END, LOOK, MATCH, MEASURE, WARN
from services.ticketing.support import Policy
from shared.config import ConfigError
from shared.events import FACTS, NotificationDelivered, SupportRequested, Topic
from shared.handling import Handling
from shared.postgres import Database
from shared.service import Service, run
from shared.stream import Stream
from shared.timers import Work
from shared.visible import visible

IMPACT_AT_ONCE = 50  # facts about incidents in one transaction: each may name 500 customers


def service(settings: TicketingSettings) -> Service:
    """Ticketing, ready to run. Raises ConfigError when catalog.yml or support.yml does not say what it must."""
    policy = Policy.of(settings.config_dir)
    database = Database(settings, "ticketing")
    handlings = (
        Handling(Topic.SUPPORT_REQUESTS, (SupportRequested,), partial(on_requests, policy)),
        Handling(Topic.INCIDENTS, FACTS[Topic.INCIDENTS], on_incidents),
        Handling(Topic.NOTIFICATIONS, (NotificationDelivered,), on_notifications),
    )
    topics = {Topic.SUPPORT_REQUESTS: 500, Topic.INCIDENTS: IMPACT_AT_ONCE, Topic.NOTIFICATIONS: 500}
    ring = Work(partial(timers.ring_first_response, database), at_once=8)
    return Service(
        "ticketing",
        settings,
        database,
        [
            Stream("ticketing", topic, handling, database, at_once=at_once)
            for (topic, at_once), handling in zip(topics.items(), handlings, strict=True)
        ],
        due={
            WARN: ring,
            BREACH: ring,
            LOOK: Work(partial(timers.look_again, policy, database), at_once=2),
            MATCH: Work(partial(timers.match_impact, policy, database)),
            END: Work(partial(timers.end_incident, policy, database), lease=timedelta(minutes=2)),
            MEASURE: Work(partial(timers.measure_outcome, database)),
            timers.TIDY: Work(partial(timers.tidy_tickets, policy, database), recurs=True),
        },
        before=[partial(timers.begin_tidying, database)],
        routers=[router(policy)],
        kept=kept(settings),
        about="Keeps the cases of customers who write in: who works on each, by when, and which incident it belongs to.",
    )


if __name__ == "__main__":
    try:
        run(service(TicketingSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
