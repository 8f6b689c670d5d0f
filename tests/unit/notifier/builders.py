"""These builders make situations and policies with everything that does not matter filled in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifier.audience import Contact, Customer, Preferences
from services.notifier.deciding.policy import Policy
from services.notifier.incident import Incident, IncidentStatus
from services.notifier.maintenance import Period, PeriodStatus
from services.notifier.notification import Kind, Notification
from services.notifier.situation import Situation
from services.notifier.wording.texts import Text, Texts
from shared.catalog import Catalog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

WORDS = Text(subject="{title}", body="Hello {name},\n\n{component} fails since {started_at}.")
POLICY = Policy(
    texts=Texts(
        opened=WORDS,
        resolved=Text(subject="All clear: {component}", body="Hello {name}, it is over."),
        reply=Text(subject="{subject}", body="{body}"),
        footer="Stop: {unsubscribe}",
    )
)
CATALOG = Catalog()
ADA = Customer("c-1", "Ada", "Europe/Berlin", (Contact("email", "ada@example.org"),))
OPEN = Incident("i-1", "checkout is failing", "checkout", "high", NOW - MINUTE, rule="checkout-failing")
PERIOD = Period(
    id="m-1/0",
    maintenance_id="m-1",
    revision=1,
    status=PeriodStatus.PLANNED,
    title="New database",
    text="Orders wait.",
    components=("checkout",),
    audience={},
    starts_at=NOW + HOUR,
    ends_at=NOW + 2 * HOUR,
    called=0,
    news=1,
    news_at=NOW - MINUTE,
    news_by="f-1",
    hops=0,
)
OVER = replace(OPEN, status=IncidentStatus.RESOLVED, ended_at=NOW)


def notification(kind: Kind = Kind.OPENED, **fields: Any) -> Notification:
    """Returns one that is due: unless told otherwise a minute old, and about an incident."""
    given = {"id": "n-1", "customer_id": "c-1", "about_at": NOW - MINUTE, "cause_id": None, "cause_hops": 0, "incident_id": "i-1"}
    return Notification(kind=kind, **{**given, "created_at": NOW - MINUTE, **fields})


def situation(about: Notification | None = None, **fields: Any) -> Situation:
    """Returns a situation in which nothing speaks against telling, unless told otherwise."""
    given = {"customer": ADA, "preferences": Preferences(), "incident": OPEN, "recent": 0, "now": NOW}
    return Situation(notification=about or notification(), **{**given, **fields})
