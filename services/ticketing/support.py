"""The configuration of ticketing: support.yml, and the catalog of components. Pure but for reading the files."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import Field

from services.ticketing.matching.match import Windows
from services.ticketing.sla.policy import FirstResponse
from services.ticketing.wording.templates import Answers
from shared.catalog import Catalog
from shared.configuration.files import Config, Duration, PositiveDuration, file_of, load


class Linking(Config):
    """The limits of linking: how close a ticket is to an incident in time, and how old a request may be to be answered automatically."""

    before_start: Duration = Field(timedelta(minutes=5), description="a ticket may be written so long before the incident's start")
    after_end: Duration = Field(timedelta(minutes=30), description="and so long after its end")
    answer_within: Duration = Field(timedelta(hours=24), description="an older request is linked and never answered automatically")

    @property
    def windows(self) -> Windows:
        return Windows(self.before_start, self.after_end)


class Rest(Config):
    """The times after which a ticket is resolved or closed because nobody has come back to it."""

    resolve_after_silence: PositiveDuration = Field(
        timedelta(days=3), description="a ticket that waits for the customer's answer is resolved; not while its incident goes on"
    )
    close_after: Duration = Field(timedelta(days=7), description="a resolved ticket is closed: what the customer writes then is a new one")


class SupportFile(Config):
    """The file support.yml: what customers who write in may expect."""

    first_response: FirstResponse = Field(description="how soon a customer is answered by a person")
    linking: Linking = Field(Linking(), description="when a ticket of an affected customer belongs to the incident")
    rest: Rest = Field(Rest(), description="when tickets that nobody comes back to are ended")
    answers: Answers = Field(description="what a linked ticket is answered automatically")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files that ticketing reads when it starts."""

    support: SupportFile
    catalog: Catalog

    @classmethod
    def of(cls, *folders: Path) -> "Configuration":
        """Returns the files of the first of these folders that has them. Raises ConfigError with file and line."""
        return cls(load(file_of("support.yml", folders), SupportFile), load(file_of("catalog.yml", folders), Catalog))
