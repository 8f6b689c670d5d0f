"""Defines the envelope every fact travels in, the topics it travels on, and the one open-world event that products emit."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

NAMESPACE = UUID("6f0f3c62-5a0e-5c0b-9a55-0f7e3d1c8b21")
HOP_LIMIT = 8
IMPACT_CHUNK = 500  # customers in one incident.impact


class Topic(StrEnum):
    PRODUCT_EVENTS = "product.events.v1"  # key: customer id, else component
    CUSTOMERS = "customers.v1"  # key: customer id; compacted
    SUPPORT_REQUESTS = "support.requests.v1"  # key: customer id
    PARTIALS = "monitor.partials.v1"  # key: the component's shard; internal to monitor
    INCIDENTS = "incidents.v1"  # key: incident id
    RISKS = "risks.v1"  # key: customer id
    NOTIFICATIONS = "notifications.v1"  # key: customer id
    TICKETS = "tickets.v1"  # key: ticket id


# Others write these topics: however much of them does not decode, the rest is read on. No brake (circuit breaker) stops them.
FOREIGN = frozenset({Topic.PRODUCT_EVENTS, Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS})
# Kafka keeps only the latest record of each key in these topics: a record without a value, a tombstone, deletes its key.
COMPACTED = frozenset({Topic.CUSTOMERS})


def identity(*parts: object) -> str:
    """Returns the id of the thing these parts name: the same parts give the same id, on any machine, for ever."""
    named = sha1(NAMESPACE.bytes + "\x1f".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    # As `uuid.uuid5` makes it (RFC 9562, 5.5), in a third of the time: it is made of every customer of every incident.
    return f"{named[:8]}-{named[8:12]}-5{named[13:16]}-{VARIANT[named[16]]}{named[17:20]}-{named[20:32]}"


VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # the first digit of the fourth group (RFC 9562, 4.1)

Attribute = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class ProductEvent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A product system says something: a request, an error, a heartbeat, a deploy. Rules say what matters.

    `source` and `id` together are its identity. `subject` is the customer, or None when a machine
    said it. `data` is JSON as Python has it, text, or bytes when its content type is neither.
    `extensions` are the CloudEvents attributes we do not know, kept as they came.
    """

    id: Attribute  # unique within its source: the same source and id again is the same event, and counts once
    source: Attribute  # which system said it
    type: Attribute  # what happened; rules say which types matter to them
    time: Annotated[datetime, msgspec.Meta(tz=True)]  # when it happened, with an offset; windows are of this time; else when it came in
    specversion: Literal["1.0"]
    subject: Attribute | None = None  # the customer's id; missing when a machine said it
    data: Any = None  # whatever the type has to say; a rule says where it finds the component, by default in data.component
    datacontenttype: str | None = None  # JSON, if it does not say
    dataschema: str | None = None
    # This is never read from a field of that name: `shared.cloudevents` fills it with what is left.
    extensions: Annotated[dict[str, Any], msgspec.Meta(max_length=0)] = {}


class Payload(BaseModel):
    """Is the `data` of a fact: immutable, of finite numbers; fields it does not know are ignored.

    A word outside a closed list (a Literal) makes the whole fact unknown, or the list's item that it stands in:
    `shared/streaming/tolerance.py`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


Id = Annotated[str, Field(min_length=1, max_length=255)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]  # what every store can hold
Severity = Literal["low", "medium", "high", "critical"]
Why = dict[str, Any]  # figures against thresholds, for people to read


class Fact(BaseModel):
    """Every fact of ours travels in this CloudEvents envelope."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: Id  # derived from what the fact is: said again, it is the same
    source: Annotated[str, Field(min_length=1, max_length=255)]  # which system said it
    type: str  # which fact it is
    subject: Id  # whom or what it is about, and the message's key
    time: AwareDatetime  # since when it is true
    datacontenttype: Literal["application/json"] = "application/json"
    causationid: str | None = None  # the id of the message that made this one true
    hops: Count = 0  # how many facts led here; above 8 it is a loop
    data: Payload

    @classmethod
    def of(cls, data: Payload, *, subject: str, at: datetime, unique: object = "", cause: "Fact | str | None" = None) -> Self:
        """Makes the fact that `data` is true of `subject` since `at`.

        `unique` tells facts of one type about one subject apart (a revision, a chunk, a customer);
        `cause` is the message it follows from: a fact of ours, or the id of somebody else's event.
        """
        of_type: str = cls.model_fields["type"].default
        return cls(
            id=cls.id_of(subject, unique),
            source="/forewarn/" + of_type.split(".")[1],
            type=of_type,
            subject=subject,
            time=at,
            causationid=cause.id if isinstance(cause, Fact) else cause,
            hops=cause.hops + 1 if isinstance(cause, Fact) else 0,
            data=data,
        )

    @classmethod
    def id_of(cls, subject: str, unique: object = "") -> str:
        """Returns the id this fact about this subject has, whenever it is said."""
        return identity(cls.model_fields["type"].default, subject, unique)
