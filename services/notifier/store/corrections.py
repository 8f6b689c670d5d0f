"""Corrections: what people told to those who had been told something wrong of an incident."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's words to those who were told of an incident."""

    id: str
    incident_id: str
    subject: str
    body: str
    at: datetime
