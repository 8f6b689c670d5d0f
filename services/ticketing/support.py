"""What support.yml says: the promises, when a ticket is linked, and the words of automatic answers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from services.ticketing.incident import Incident
from services.ticketing.matching.match import Candidates, Matched, Windows, match
from services.ticketing.subject import bare
from services.ticketing.ticket import FOREWARN, Priority, Ticket
from shared.catalog import Catalog
from shared.config import Config, Duration, PositiveDuration, file_of, load

FIELDS = frozenset({"number", "subject", "title", "component", "started_at", "resolved_at"})


def _knows_its_fields(text: str) -> str:
    """Refuses a field that no answer fills, where the file is read and not when a customer waits."""
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None and (name not in FIELDS or spec or conversion):
            raise ValueError(f"{{{name}}} is none of {', '.join(sorted(FIELDS))}")
    return text


Words = Annotated[str, Field(min_length=1), AfterValidator(_knows_its_fields)]


class Letter(Config):
    """One automatic answer. Fields: number, subject, title, component, started_at, resolved_at."""

    subject: Words
    body: Words


class Answers(Config):
    known: Letter  # the incident goes on
    fixed: Letter  # it was over when the customer wrote, or when we knew that they were affected
    resolved: Letter  # it is over now


class FirstResponse(Config):
    targets: dict[Priority, PositiveDuration]
    warn_at: float = Field(0.75, gt=0, lt=1)

    @model_validator(mode="after")
    def _complete(self) -> "FirstResponse":
        if missing := set(Priority.__args__) - self.targets.keys():  # type: ignore[attr-defined]
            raise ValueError(f"targets: {', '.join(sorted(missing))} missing")
        return self


class Linking(Config):
    before_start: Duration = timedelta(minutes=5)
    after_end: Duration = timedelta(minutes=30)
    answer_within: Duration = timedelta(hours=24)

    @property
    def windows(self) -> Windows:
        return Windows(self.before_start, self.after_end)


class Rest(Config):
    resolve_after_silence: PositiveDuration = timedelta(days=3)
    close_after: Duration = timedelta(days=7)


class Support(Config):
    first_response: FirstResponse
    linking: Linking = Linking()
    rest: Rest = Rest()
    answers: Answers


@dataclass(frozen=True)
class Policy:
    """What ticketing goes by: support.yml, and the catalog."""

    support: Support
    catalog: Catalog

    @classmethod
    def of(cls, *folders: Path) -> "Policy":
        """Of the files in these folders, the first that has one. Raises ConfigError with file and line."""
        return cls(load(file_of("support.yml", folders), Support), load(file_of("catalog.yml", folders), Catalog))

    def match(self, ticket: Ticket, body: str, candidates: Candidates) -> Matched:
        """What becomes of a ticket whose customer these incidents touch."""
        return match(ticket, body, candidates, self.support.linking.windows, self.catalog)

    def recent(self, ticket: Ticket, now: datetime) -> bool:
        """Whether the customer may still wait for a word of ours: not when an old log is replayed, or we were away for long."""
        return now - ticket.opened_at <= self.support.linking.answer_within

    def worth_answering(self, ticket: Ticket, now: datetime) -> bool:
        """An automatic answer is for the recent, and never talks over a person's."""
        clock = ticket.first_response
        by_person = clock.stopped_at is not None and clock.answered_by != FOREWARN
        return self.recent(ticket, now) and not by_person

    def may_answer(self, ticket: Ticket, incident: Incident, now: datetime) -> bool:
        """The same, about an incident: not about one whose end nobody is to hear of."""
        return self.worth_answering(ticket, now) and (incident.end is None or incident.end.tell)

    def answer(self, ticket: Ticket, incident: Incident) -> tuple[str, str]:
        """Subject and body of what a ticket is answered about an incident when it is linked to it."""
        answers = self.support.answers
        return self._fill(answers.known if incident.end is None else answers.fixed, ticket, incident)

    def all_clear(self, ticket: Ticket, incident: Incident) -> tuple[str, str]:
        """Subject and body of what a linked ticket hears at the incident's end."""
        return self._fill(self.support.answers.resolved, ticket, incident)

    def _fill(self, letter: Letter, ticket: Ticket, incident: Incident) -> tuple[str, str]:
        fields = self._fields(ticket, incident)
        return letter.subject.format_map(fields), letter.body.format_map(fields)

    def _fields(self, ticket: Ticket, incident: Incident) -> Mapping[str, object]:
        return {
            "number": ticket.number,
            "subject": bare(ticket.subject),
            "title": self.catalog.title(incident.title, incident.component),
            "component": self.catalog.told(incident.component),
            "started_at": _moment(incident.started_at),
            "resolved_at": _moment(incident.end.at) if incident.end else "",
        }


def _moment(at: datetime) -> str:
    return f"{at:%d %B %Y, %H:%M} UTC"
