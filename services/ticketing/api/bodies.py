"""The bodies of requests that REST takes."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from services.ticketing.ticket import Priority
from shared.answers import Name
from shared.api import Body
from shared.events.lines import Line


def _storable(text: str) -> str:
    """Refuses text that Postgres cannot keep: U+0000, and halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    if "\0" in text:
        raise ValueError("U+0000 is not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is not text") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Storable = BeforeValidator(lambda said: _storable(said) if isinstance(said, str) else said)
Words = Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_storable)]


class NewTicket(Body):
    """A customer's request, written down by whoever took it."""

    customer_id: Name
    channel: Annotated[Name, Line(100), Storable] = "api"
    subject: Annotated[str, Line(250), Storable] = ""
    body: Annotated[Text, Field(max_length=100_000)] = ""
    component: Annotated[Name, Line(255), Storable] | None = Field(None, description="its id or its name in catalog.yml")
    priority: Priority = "normal"
    in_reply_to: Name | None = Field(None, description="id or number of the customer's ticket this continues")


class Act(Body):
    """The body of an agent's act on a ticket. Who does it is who the token names, or whom a trusted caller acts for."""

    by: Any = Field(None, deprecated=True, description="ignored: the history says who by the token")


class Reply(Act):
    body: Words
    seen: Name | None = Field(None, description="id of the latest message that the agent saw: support answered since then, nothing is sent")


class Assignment(Act):
    agent: Name | None = Field(description="`me` is whoever asks; null puts the ticket back into the queue")


class Resolution(Act):
    resolution: Words


class Reopening(Act):
    reason: Words


class Linking(Act):
    incident_id: Name
    answer: bool = Field(True, description="whether the customer is told the incident's status")


class Unlinking(Act):
    verdict: Words = Field(description="what the ticket is about instead; kept")
