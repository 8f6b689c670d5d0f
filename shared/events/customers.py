"""Facts of `customers.v1` and `support.requests.v1`: who the customers are, and what they write in about."""

import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticUseDefault

from shared.events.envelope import Fact, Id, Payload
from shared.events.lines import First, Line

LONGEST_ID = 512  # octets of a customer's id as UTF-8, so that a link which names it fits into a header line (RFC 5322, 2.1.1)


class Contact(Payload):
    """One address of a customer on one channel."""

    channel: Annotated[str, Field(examples=["email"]), Line(100)]
    address: Annotated[str, Field(min_length=1, max_length=320)]
    role: Annotated[str, Line(100)] = "owner"


def _fits_into_a_link(customer_id: str) -> str:
    if len(customer_id.encode("utf-8", "replace")) > LONGEST_ID:
        raise ValueError(f"more than {LONGEST_ID} octets as UTF-8")
    return customer_id


class CustomerUpdated(Fact):
    """All that is known about a customer now; the last one wins."""

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

    type: Literal["forewarn.customer.updated.v1"] = "forewarn.customer.updated.v1"
    subject: Annotated[Id, AfterValidator(_fits_into_a_link)]  # the customer's id, at most 512 octets as UTF-8
    data: Data


class CustomerErased(Fact):
    """The customer asked to be forgotten: everything personal goes."""

    class Data(Payload):
        reason: Annotated[str, Line(1000)] = "requested"

    type: Literal["forewarn.customer.erased.v1"] = "forewarn.customer.erased.v1"
    data: Data = Data()


def _text(said: Any) -> str:
    """Takes anything for a customer's words."""
    if said is None:
        raise PydanticUseDefault
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _at_most(limit: int) -> Callable[[Any], str]:
    """Takes anything for a customer's words, and cuts what is too long, saying so."""

    def taken(said: Any) -> str:
        text = _text(said)
        if len(text) <= limit:
            return text
        note = f" … [cut: {len(text):,} characters]"
        return text[: limit - len(note)] + note

    return taken


def _name(said: Any) -> str:
    """Takes a number for the text that writes it; what is no name is not given."""
    if isinstance(said, str):
        return said
    if isinstance(said, int | float) and not isinstance(said, bool):
        return str(said)
    raise PydanticUseDefault


def _reference(said: Any) -> str:
    """What is longer than any reference of ours names no ticket. It is an identity, and is not cut."""
    name = _name(said)
    if len(name) > 255:
        raise PydanticUseDefault
    return name


Name = BeforeValidator(_name)


class SupportRequested(Fact):
    """A customer asked for help, through a form, a chat or a mail gateway. The subject is the customer.

    Whatever the data is, a request is read: text that is too long is cut and says so, other values become text.
    """

    class Data(Payload):
        channel: Annotated[str, Line(100), Name] = "form"
        subject: Annotated[str, Line(250), BeforeValidator(_text)] = ""
        body: Annotated[str, Field(max_length=100_000), BeforeValidator(_at_most(100_000))] = ""
        component: Annotated[str | None, Line(255), Name] = None
        in_reply_to: Annotated[str | None, BeforeValidator(_reference)] = None  # a ticket id or number, when it answers one

        @model_validator(mode="before")
        @classmethod
        def _all_of_it_is_the_body(cls, said: Any) -> Any:
            """Data that is no object is what the customer wrote: a gateway may send plain text."""
            return {"body": said} if isinstance(said, str | int | float | list) else said

    type: Literal["forewarn.support.requested.v1"] = "forewarn.support.requested.v1"
    data: Data = Data()
