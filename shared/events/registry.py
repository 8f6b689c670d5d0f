"""Lists which facts there are, and on which topic each travels: it looks into the modules of each topic."""

from collections.abc import Iterator, Mapping
from functools import cache, reduce
from operator import or_
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from shared.events import customers, incidents, maintenance, notifications, partials, risks, support_requests, tickets
from shared.events.envelope import Fact, Topic
from shared.events.incidents import IncidentReopened
from shared.events.tickets import TicketRated

MODULES: Mapping[Topic, tuple[ModuleType, ...]] = {
    Topic.CUSTOMERS: (customers,),
    Topic.SUPPORT_REQUESTS: (support_requests,),
    Topic.PARTIALS: (partials,),
    Topic.INCIDENTS: (incidents, maintenance),
    Topic.RISKS: (risks,),
    Topic.NOTIFICATIONS: (notifications,),
    Topic.TICKETS: (tickets,),
}


def _facts_of(module: ModuleType) -> tuple[type[Fact], ...]:
    """Returns the facts that are defined in a module, in their order there."""
    classes = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    return tuple(each for each in classes if issubclass(each, Fact))


FACTS: dict[Topic, tuple[type[Fact], ...]] = {
    topic: tuple(fact for module in modules for fact in _facts_of(module)) for topic, modules in MODULES.items()
}

# These are agreed, documented and read, but no service writes them yet. A service that begins to write one removes it here.
NOT_SAID_YET: frozenset[type[Fact]] = frozenset(
    {IncidentReopened, TicketRated},
)

TOPIC_OF: dict[type[Fact], Topic] = {fact: topic for topic, facts in FACTS.items() for fact in facts}
FACT_OF: dict[str, type[Fact]] = {fact.model_fields["type"].default: fact for fact in TOPIC_OF}
_any: Any = reduce(or_, FACT_OF.values())
ANY_FACT: TypeAdapter[Fact] = TypeAdapter(Annotated[_any, Field(discriminator="type")])


@cache
def field_names() -> frozenset[str]:
    """Returns the names of all fields of all facts.

    A key of a message that is none of them may be data, and is not repeated in a reason.
    """
    return frozenset(_properties(ANY_FACT.json_schema()))


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _properties(inner)
