"""Defines the facts of `customers.v1`: who the customers are, and who is to be forgotten."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.events.envelope import Fact, Id, Payload
from shared.events.lines import First, Line

LONGEST_ID = 512  # octets of a customer's id as UTF-8, so that a link which names it fits into a header line (RFC 5322, 2.1.1)


class Contact(Payload):
    """A contact is one address of a customer on one channel."""

    channel: Annotated[str, Field(examples=["email"]), Line(100)]
    address: Annotated[str, Field(min_length=1, max_length=320)]
    role: Annotated[str, Line(100)] = "owner"


def _fits_into_a_link(customer_id: str) -> str:
    if len(customer_id.encode("utf-8", "replace")) > LONGEST_ID:
        raise ValueError(f"more than {LONGEST_ID} octets as UTF-8")
    return customer_id


class CustomerUpdated(Fact):
    """This is all that is known about a customer now; the last one wins."""

    class Data(Payload):
        name: Annotated[str, Line(200)] = ""  # as they like to be addressed
        account: Annotated[str, Line(200)] | None = None  # the company or contract they belong to
        tier: Annotated[str, Line(100)] | None = None
        locale: Annotated[str, Line(100)] = "en"  # BCP 47
        timezone: Annotated[str, Line(100)] = "UTC"  # IANA
        contacts: Annotated[tuple[Contact, ...], First(20)] = ()  # where they may be reached
        consent: Annotated[dict[str, bool], First(20)] = {}  # by purpose: incident, guidance; a purpose not named is its default
        account_manager: Annotated[str, Line(200)] | None = None  # who knows them
        revenue: float | None = None  # a month, in the account's currency
        renews_at: date | None = None
        aliases: Annotated[tuple[str, ...], First(50)] = ()  # all other names in their events: a login, a billing id, an address

    type: Literal["forewarn.customer.updated.v1"] = "forewarn.customer.updated.v1"
    subject: Annotated[Id, AfterValidator(_fits_into_a_link)]  # the customer's id, at most 512 octets as UTF-8
    data: Data


class CustomerErased(Fact):
    """The customer asked to be forgotten: every service deletes everything personal, and earlier facts bring nothing back.

    Kafka compacts each partition by itself: this belongs into the partition that the customer's updates are in.
    """

    class Data(Payload):
        reason: Annotated[str, Line(1000)] = "requested"

    type: Literal["forewarn.customer.erased.v1"] = "forewarn.customer.erased.v1"
    data: Data = Data()
