"""A channel is given a notification in words, and returns an outcome. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a notification as others may read them: without the footer, and without the link that acts for the customer."""

    subject: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One notification in words, for one address. Every try of it has the same `id`."""

    id: str
    kind: str
    address: str
    name: str
    subject: str
    text: str
    incident_id: str | None = None
    ticket_id: str | None = None
    unsubscribe: str | None = None  # where one click ends it; None for replies
    earlier: Sequence[str] = ()  # ids of what this customer got before about the same thing, oldest first
    words: Words = Words()  # no channel sends them: the others are told so
    html: str | None = None  # the same as a page, for channels that show one: None: only the text
    locale: str = "en"  # of the words, BCP 47
    date: datetime = field(kw_only=True)  # when the first try began: the same for every try


class Trouble(StrEnum):
    """The reasons why a try failed although another may succeed: a closed list, also a metric's label."""

    UNREACHABLE = "unreachable"  # no connection, or lost before the message was handed over
    RELAY = "relay"  # the server refuses us, whomever the message is for: our login, our sender, our connection
    DEFERRED = "deferred"  # the server said: not now
    MALFORMED = "malformed"  # no message could be made of it: a defect of ours, which a later version may mend
    UNKNOWN = "unknown"  # the connection died while the message was handed over: it may have arrived
    PAUSED = "paused"  # not tried: this destination fails for all just now, and its circuit is open; it counts as no try
    ELSEWHERE = "elsewhere"  # this address was refused, and the customer can be reached at another


class Refusal(StrEnum):
    """The reasons why no retry will succeed: a closed list, also a metric's label."""

    ADDRESS = "address"  # a server said of the recipient that there is no such address
    REFUSED = "refused"  # the server said: never
    UNSUPPORTED = "unsupported"  # the server cannot take such an address, and was not asked
    OPTED_OUT = "opted_out"  # the recipient told the provider that nothing more is to come (SMS: STOP)
    EXPIRED = "expired"  # not brought within its time to live


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider accepted it."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try may bring it, not before `after` when the provider says so."""

    after: timedelta | None
    reason: Trouble
    detail: str = ""

    @property
    def uncertain(self) -> bool:
        """Says whether the customer may have it all the same."""
        return self.reason is Trouble.UNKNOWN


@dataclass(frozen=True, slots=True)
class Failed:
    """No retry will bring it."""

    reason: Refusal
    detail: str = ""


Outcome = Delivered | Retry | Failed


class Channel(Protocol):
    """The interface of a channel."""

    name: str
    at_once: int  # sends under way in one process
    together: int  # messages given to one send at most
    ladder: (
        tuple[timedelta, ...] | None
    )  # pauses after tries that brought nothing, and then it is given up; None: as notifications.yml says
    ttl: timedelta | None  # how long delivery is tried; None: as notifications.yml says

    def message_id(self, notification_id: str) -> str:
        """Returns the id by which the provider and the customer know the message: the same for every try."""

    async def run(self) -> None:
        """Keeps up, until cancelled, what it holds between sends."""

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once; returns as many outcomes, in order. Never raises, unless it is cancelled."""
