"""Those who run Forewarn are told of incidents, of approvals that wait and of brakes: who of what, and in which words. Pure.

`telling.py` brings it; `store/notices.py` keeps it until then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from services.notifier.incident import Said
from shared.configuration.files import Config, ConfigError
from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentWithdrawn,
    identity,
)
from shared.events.lines import one_line

SUBJECT, TEXT = 200, 2000  # characters of a notice
LISTED = 20  # notices that one message names


class About(StrEnum):
    """What operators may be told of: a closed list, also a metric's label."""

    INCIDENTS = "incidents"  # one was opened, opened again, or ended
    APPROVALS = "approvals"  # notifications wait until a person approves them
    BRAKES = "brakes"  # a rule, a channel or everything was stopped


class Operator(Config):
    """One place where operators are told."""

    channel: str = Field(max_length=40, description="slack, teams, discord, sms, email; or apprise, for any service that Apprise knows")
    address: str = Field(max_length=100, description="the name of the address in FOREWARN_OPERATOR_ADDRESSES")
    of: frozenset[About] = Field(frozenset(About), min_length=1, description="incidents, approvals, brakes; all when it is not given")

    @property
    def name(self) -> str:
        return f"{self.channel} {self.address}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that operators are told. The same id is the same thing, however often it is said."""

    id: str
    about: About
    subject: str
    text: str
    at: datetime  # since when it is so


def addresses_in(said: str) -> dict[str, str]:
    """Returns the addresses that FOREWARN_OPERATOR_ADDRESSES holds, by name. Raises ConfigError, which shows none of them."""
    found: dict[str, str] = {}
    for number, line in enumerate(said.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, address = (part.strip() for part in line.partition("="))
        if not equals or not name or not address or name in found:
            raise ConfigError(f"FOREWARN_OPERATOR_ADDRESSES: line {number} is no `name = address`, or repeats a name")
        found[name] = address
    return found


def notice_of(fact: Said) -> Notice | None:
    """Returns what operators are told of a fact about an incident; None when it is no news to them."""
    data = fact.data
    match fact:
        case IncidentOpened():
            what = "opened"
        case IncidentReopened():
            what = "opened again"
        case IncidentResolved():
            what = "over"
        case IncidentWithdrawn():
            what = "no longer watched"
        case IncidentDismissed():
            what = "dismissed as a false alarm"
        case _:
            return None
    return Notice(
        id=identity("operators", data.incident_id, what, str(data.revision)),
        about=About.INCIDENTS,
        subject=one_line(f"{data.title}: {what}", SUBJECT),
        text=one_line(
            f"{data.component}, severity {data.severity}, since {data.started_at:%Y-%m-%d %H:%M} UTC, rule {data.rule}."
            f" Incident {data.incident_id}.",
            TEXT,
        ),
        at=fact.time,
    )


def words_of(notices: Sequence[Notice]) -> tuple[str, str]:
    """Returns subject and text of the one message that says these: a burst is a list, and no storm."""
    if len(notices) == 1:
        return notices[0].subject, notices[0].text
    listed = [f"- {each.subject}" for each in notices[:LISTED]]
    more = [f"and {len(notices) - LISTED} more"] if len(notices) > LISTED else []
    return f"{len(notices)} notices: {notices[0].subject}"[:SUBJECT], "\n".join([*listed, *more])


def wanting(operators: Sequence[Operator], about: About) -> list[Operator]:
    """Returns who wants to be told of that, each once."""
    return list({each.name: each for each in operators if about in each.of}.values())


def check(operators: Sequence[Operator], usable: Mapping[str, Callable[[str], bool]], addresses: Mapping[str, str]) -> None:
    """Raises ConfigError with every operator who cannot be told: there is no such channel or address, or the channel takes no such address.

    `usable` says for each channel which addresses it takes.
    """
    mistakes = []
    for each in operators:
        if each.channel not in usable:
            mistakes.append(f"operators: there is no channel {each.channel}, or it is not set up")
        elif each.address not in addresses:
            mistakes.append(f"operators: FOREWARN_OPERATOR_ADDRESSES has no {each.address}")
        elif not usable[each.channel](addresses[each.address]):
            mistakes.append(f"operators: what FOREWARN_OPERATOR_ADDRESSES has as {each.address} is no address of {each.channel}")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
