"""Counts what the mapping of a source makes of records, to be looked at before monitor reads them. Pure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.monitor.sources.reading import Reader, Record
from shared.cloudevents import Undecodable
from shared.mapping.turning import Ready, Refused

SHOWN = 3  # events, and records of each reason


class Misfit(NamedTuple):
    """One record became nothing, although it should have."""

    record: Record
    where: str  # names fields, never what they hold
    detail: str  # may quote the record


@dataclass
class Tried:
    """What became of the records, the latest of the topic."""

    records: int = 0
    left_out: int = 0
    refused: int = 0
    events: Counter[str] = field(default_factory=Counter)  # by type
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Misfit]] = field(default_factory=dict)  # by reason
    first: list[Ready] = field(default_factory=list)

    @property
    def mapped(self) -> int:
        return self.records - self.left_out - self.refused

    def take(self, reader: Reader, record: Record, now: datetime) -> None:
        """Counts one record."""
        self.records += 1
        try:
            made: Sequence[Ready | Refused] = list(reader.events(record, now))
        except Undecodable as error:
            made = [Refused(error.reason, error.detail, error.detail)]
        wrong = [each for each in made if isinstance(each, Refused)]
        self.left_out += not made
        self.refused += bool(wrong)
        for refused in wrong:
            self.reasons[refused.reason] += 1
            if len(shown := self.examples.setdefault(refused.reason, [])) < SHOWN:
                shown.append(Misfit(record, refused.where, refused.detail))
        for each in made:
            if isinstance(each, Ready):
                self.events[json.loads(each.value)["type"]] += 1
                self.first += [each] if len(self.first) < SHOWN else []
