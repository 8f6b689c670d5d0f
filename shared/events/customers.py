"""Facts of `customers.v1` and `support.requests.v1`: who the customers are, and what they write in about."""

import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticUseDefault

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


def _words(limit: int) -> Callable[[Any], str]:
    """Takes anything for a customer's words, and cuts what is too long, saying so."""

    def taken(said: Any) -> str:
        if said is None:
            raise PydanticUseDefault
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
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


Name = BeforeValidator(_name)


class SupportRequested(Fact):
    """A customer asked for help, through a form, a chat or a mail gateway. The subject is the customer.

    Whatever the data is, a request is read: text that is too long is cut and says so, other values become text.
    """

    class Data(Payload):
        channel: Annotated[str, Name] = "form"
        subject: Annotated[str, Field(max_length=998), BeforeValidator(_words(998))] = ""
        body: Annotated[str, Field(max_length=100_000), BeforeValidator(_words(100_000))] = ""
        component: Annotated[str | None, Name] = None
        in_reply_to: Annotated[str | None, Name] = None  # a ticket id or number, when it answers one

        @model_validator(mode="before")
        @classmethod
        def _all_of_it_is_the_body(cls, said: Any) -> Any:
            """Data that is no object is what the customer wrote: a gateway may send plain text."""
            return {"body": said} if isinstance(said, str | int | float | list) else said

    type: Literal["forewarn.support.requested.v1"] = "forewarn.support.requested.v1"
    data: Data = Data()
