"""Facts of `customers.v1` and `support.requests.v1`: who the customers are, and what they write in about."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Fact, Payload


class Contact(Payload):
    """One address of a customer on one channel."""

    channel: Annotated[str, Field(examples=["email"])]
    address: Annotated[str, Field(min_length=1, max_length=320)]
    role: str = "owner"


class CustomerUpdated(Fact):
    """All that is known about a customer now; the last one wins."""

    class Data(Payload):
        name: str = ""  # as they like to be addressed
        account: str | None = None  # the company or contract they belong to
        tier: str | None = None
        locale: str = "en"  # BCP 47
        timezone: str = "UTC"  # IANA
        contacts: tuple[Contact, ...] = ()  # where they may be reached
        consent: dict[str, bool] = {}  # by purpose: incident, guidance; a purpose not named is its default
        account_manager: str | None = None  # who knows them
        revenue: float | None = None  # a month, in the account's currency
        renews_at: date | None = None

    type: Literal["forewarn.customer.updated.v1"] = "forewarn.customer.updated.v1"
    data: Data


class CustomerErased(Fact):
    """The customer asked to be forgotten: everything personal goes."""

    class Data(Payload):
        reason: str = "requested"

    type: Literal["forewarn.customer.erased.v1"] = "forewarn.customer.erased.v1"
    data: Data = Data()


class SupportRequested(Fact):
    """A customer asked for help, through a form, a chat or a mail gateway. The subject is the customer."""

    class Data(Payload):
        channel: str = "form"
        subject: Annotated[str, Field(max_length=998)] = ""
        body: Annotated[str, Field(max_length=100_000)] = ""
        component: str | None = None
        in_reply_to: str | None = None  # a ticket id or number, when it answers one

    type: Literal["forewarn.support.requested.v1"] = "forewarn.support.requested.v1"
    data: Data
