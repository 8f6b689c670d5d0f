"""Every fact the services tell each other, and the one open-world event that products emit.

A fact is a CloudEvent 1.0 (https://github.com/cloudevents/spec, v1.0.2) whose type is
`forewarn.<fact>.v1`, in the past tense. Its id is derived from what the fact *is* (UUIDv5), so
saying it again after a crash or a replay says the same id. How facts look as bytes is
`shared/cloudevents.py`; JSON Schemas and the AsyncAPI document in `docs/` are generated from here.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from shared.events.customers import Contact, CustomerErased, CustomerUpdated, SupportRequested
from shared.events.envelope import FOREIGN, HOP_LIMIT, IMPACT_CHUNK, Fact, Id, Payload, ProductEvent, Severity, Topic, Why, identity
from shared.events.incidents import (
    Affected,
    Bucket,
    FoldedSeries,
    Incident,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
    PartialFolded,
)
from shared.events.notifications import (
    Notification,
    NotificationAnswered,
    NotificationDelivered,
    NotificationEngaged,
    NotificationFailed,
    NotificationSuppressed,
)
from shared.events.risks import RiskCleared, RiskRaised
from shared.events.tickets import (
    SlaClock,
    Ticket,
    TicketAssigned,
    TicketLinked,
    TicketOpened,
    TicketRated,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketSlaBreached,
    TicketSlaWarning,
)

__all__ = [
    "ANY_FACT",
    "FACTS",
    "FACT_OF",
    "FOREIGN",
    "HOP_LIMIT",
    "IMPACT_CHUNK",
    "NOT_SAID_YET",
    "TOPIC_OF",
    "Affected",
    "Bucket",
    "Contact",
    "CustomerErased",
    "CustomerUpdated",
    "Fact",
    "FoldedSeries",
    "Id",
    "Incident",
    "IncidentDismissed",
    "IncidentImpact",
    "IncidentOpened",
    "IncidentReopened",
    "IncidentResolved",
    "IncidentUpdated",
    "IncidentWithdrawn",
    "Notification",
    "NotificationAnswered",
    "NotificationDelivered",
    "NotificationEngaged",
    "NotificationFailed",
    "NotificationSuppressed",
    "PartialFolded",
    "Payload",
    "ProductEvent",
    "RiskCleared",
    "RiskRaised",
    "Severity",
    "SlaClock",
    "SupportRequested",
    "Ticket",
    "TicketAssigned",
    "TicketLinked",
    "TicketOpened",
    "TicketRated",
    "TicketReopened",
    "TicketReplied",
    "TicketResolved",
    "TicketSlaBreached",
    "TicketSlaWarning",
    "Topic",
    "Why",
    "identity",
]

FACTS: dict[Topic, tuple[type[Fact], ...]] = {
    Topic.CUSTOMERS: (CustomerUpdated, CustomerErased),
    Topic.SUPPORT_REQUESTS: (SupportRequested,),
    Topic.PARTIALS: (PartialFolded,),
    Topic.INCIDENTS: (
        IncidentOpened,
        IncidentUpdated,
        IncidentResolved,
        IncidentReopened,
        IncidentWithdrawn,
        IncidentDismissed,
        IncidentImpact,
    ),
    Topic.RISKS: (RiskRaised, RiskCleared),
    Topic.NOTIFICATIONS: (
        NotificationDelivered,
        NotificationFailed,
        NotificationSuppressed,
        NotificationEngaged,
        NotificationAnswered,
    ),
    Topic.TICKETS: (
        TicketOpened,
        TicketReplied,
        TicketLinked,
        TicketAssigned,
        TicketSlaWarning,
        TicketSlaBreached,
        TicketResolved,
        TicketReopened,
        TicketRated,
    ),
}

# Agreed, documented and read, but said by no service yet. A service that begins to say one takes it out of here.
NOT_SAID_YET: frozenset[type[Fact]] = frozenset(
    {IncidentReopened, RiskRaised, RiskCleared, NotificationAnswered, TicketRated},
)

TOPIC_OF: dict[type[Fact], Topic] = {fact: topic for topic, facts in FACTS.items() for fact in facts}
FACT_OF: dict[str, type[Fact]] = {fact.model_fields["type"].default: fact for fact in TOPIC_OF}
_any: Any = reduce(or_, FACT_OF.values())
ANY_FACT: TypeAdapter[Fact] = TypeAdapter(Annotated[_any, Field(discriminator="type")])
