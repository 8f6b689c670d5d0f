"""Claims that a name is a customer's: read from the events that say so. Pure.

Segment and RudderStack say it by `identify` and `alias`; any other system by an event of IDENTIFIED.
https://segment.com/docs/connections/spec/identify/
https://segment.com/docs/connections/spec/alias/
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from shared.events import ProductEvent

IDENTIFIED = "io.forewarn.customer.identified"  # a mapping of sources.yml may say it, too
# By event type: where the other names of the event's customer stand, as the topics' preset and the webhook write them.
SAYING = {
    IDENTIFIED: ("alias", "aliases"),
    "com.segment.identify": ("anonymousId", "anonymous_id"),
    "com.segment.alias": ("previousId", "previous_id"),
}
# What broken clients say in place of an id, whoever the person is: such a name would make one customer of many.
NOBODY = frozenset(
    {"0", "-1", "anonymous", "default", "false", "guest", "nan", "none", "null", "true", "undefined", "unknown", "[object object]"}
)
LONGEST = 255  # characters of a name, as of a customer's id
AT_ONCE = 100  # names that one event may say


class By(StrEnum):
    """Who says that a name is a customer's: a closed list, stored with it."""

    CUSTOMERS = "customers"  # customers.v1, which says all names it knows of a customer: one it leaves out is none any more
    EVENTS = "events"  # an event, which says one more


class Claim(NamedTuple):
    """The alias is a name of the customer since that moment, or all the time when it was nobody's before."""

    alias: str
    customer: str
    said_at: float  # seconds since the epoch
    by: By


def is_name(alias: object) -> bool:
    """Says whether this can be one customer's name."""
    return isinstance(alias, str) and 0 < len(alias) <= LONGEST and alias.isprintable() and alias.strip().lower() not in {"", *NOBODY}


def claims_of(events: Iterable[ProductEvent], now: float) -> Iterator[Claim]:
    """Yields what the events say of names. One from the future says it now. `now`: the wall clock, seconds since the epoch."""
    for event in events:
        fields = SAYING.get(event.type)
        if fields is None or event.subject is None or type(event.data) is not dict:
            continue
        for alias in _names([event.data.get(field) for field in fields]):
            if alias != event.subject and is_name(event.subject):
                yield Claim(alias, event.subject, min(event.time.timestamp(), now), By.EVENTS)


def _names(said: Sequence[object]) -> list[str]:
    """Returns the texts among what is said, one by one or as a list; a number is its digits."""
    held = [each for field in said for each in (field if isinstance(field, list) else [field])]
    texts = [str(each) if type(each) is int else each for each in held[:AT_ONCE]]
    return [each for each in texts if isinstance(each, str) and is_name(each)]
