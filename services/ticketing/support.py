"""What ticketing is configured with: support.yml, and the catalog of components. Pure but for reading the files."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.ticketing.matching.match import Windows
from services.ticketing.sla.policy import FirstResponse
from services.ticketing.wording.templates import Answers
from shared.catalog import Catalog
from shared.config import Config, Duration, PositiveDuration, file_of, load


class Linking(Config):
    """When a ticket is close enough to an incident in time, and how old a request may be to be answered automatically."""

    before_start: Duration = timedelta(minutes=5)
    after_end: Duration = timedelta(minutes=30)
    answer_within: Duration = timedelta(hours=24)

    @property
    def windows(self) -> Windows:
        return Windows(self.before_start, self.after_end)


class Rest(Config):
    """When a ticket is resolved or closed because nobody has come back to it."""

    resolve_after_silence: PositiveDuration = timedelta(days=3)
    close_after: Duration = timedelta(days=7)


class SupportFile(Config):
    """The file support.yml."""

    first_response: FirstResponse
    linking: Linking = Linking()
    rest: Rest = Rest()
    answers: Answers


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files that ticketing reads when it starts."""

    support: SupportFile
    catalog: Catalog

    @classmethod
    def of(cls, *folders: Path) -> "Configuration":
        """The files of the first of these folders that has them. Raises ConfigError with file and line."""
        return cls(load(file_of("support.yml", folders), SupportFile), load(file_of("catalog.yml", folders), Catalog))
