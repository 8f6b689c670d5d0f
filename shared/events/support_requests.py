"""Defines the facts of `support.requests.v1`: what customers write in about."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticUseDefault

from shared.events.envelope import Fact, Payload
from shared.events.lines import Line


def _text(said: Any) -> str:
    """Returns a customer's words as text, whatever type they have."""
    if said is None:
        raise PydanticUseDefault
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _at_most(limit: int) -> Callable[[Any], str]:
    """Makes a validator that takes anything for a customer's words, and cuts what is too long, saying so."""

    def taken(said: Any) -> str:
        text = _text(said)
        if len(text) <= limit:
            return text
        note = f" … [cut: {len(text):,} characters]"
        return text[: limit - len(note)] + note

    return taken


def _name(said: Any) -> str:
    """Returns a name as text: a number becomes the text that writes it, and what is no name counts as not given."""
    if isinstance(said, str):
        return said
    if isinstance(said, int | float) and not isinstance(said, bool):
        return str(said)
    raise PydanticUseDefault


def _reference(said: Any) -> str:
    """Returns the reference; one that is longer than any of ours counts as not given, since an identity is never cut."""
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
            """Takes data that is no object for what the customer wrote: a gateway may send plain text."""
            return {"body": said} if isinstance(said, str | int | float | list) else said

    type: Literal["forewarn.support.requested.v1"] = "forewarn.support.requested.v1"
    data: Data = Data()
