"""Says who writes and who reads each topic, for the documents; a comment in `shared/events` says each topic's key."""

from dataclasses import dataclass

from shared.events import Topic

PRODUCTS = "product systems"
MONITOR, NOTIFIER, TICKETING, CONSOLE = "monitor", "notifier", "ticketing", "console"


@dataclass(frozen=True)
class Flow:
    title: str
    written_by: str
    read_by: tuple[str, ...]
    carries: str


FLOWS: dict[Topic, Flow] = {
    Topic.PRODUCT_EVENTS: Flow(
        "Product events",
        PRODUCTS,
        (MONITOR,),
        "Anything a product does: requests, errors, heartbeats, deploys, usage. The type is yours; rules say what matters, "
        "so a new type needs no new code.",
    ),
    Topic.CUSTOMERS: Flow(
        "Customers",
        PRODUCTS,
        (MONITOR, NOTIFIER, TICKETING, CONSOLE),
        "Who the customers are, and how they may be told. The last state of each is kept for ever.",
    ),
    Topic.SUPPORT_REQUESTS: Flow("Support requests", "forms, chat, mail gateway", (TICKETING,), "What customers write in about."),
    Topic.PARTIALS: Flow("Partials", MONITOR, (MONITOR,), "What one partition counted, for the instance that puts the counts together."),
    Topic.INCIDENTS: Flow("Incidents", MONITOR, (NOTIFIER, TICKETING, CONSOLE), "Something is wrong, and for whom."),
    Topic.RISKS: Flow(
        "Risks", MONITOR, (NOTIFIER, TICKETING, CONSOLE), "One customer in trouble, with no incident around, and what is done."
    ),
    Topic.NOTIFICATIONS: Flow("Notifications", NOTIFIER, (TICKETING, CONSOLE), "What each customer was told, or why not."),
    Topic.TICKETS: Flow("Tickets", TICKETING, (NOTIFIER, CONSOLE), "The cases: who works on them, by when, and what was said."),
}
