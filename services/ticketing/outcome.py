"""Did it help? Of an incident's customers, who was told before they first wrote in, and how long before."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from pydantic import BaseModel

Contact = tuple[datetime | None, datetime | None]  # when one affected customer was told, and when they first wrote in about it


class Outcome(BaseModel):
    """Times in seconds."""

    incident_id: str
    affected: int
    told: int
    told_before_contact: int  # or who never wrote
    tickets: int  # of affected customers during the incident, about it or not
    linked: int  # tickets linked to the incident now
    coverage: float | None  # told_before_contact of affected; None when nobody was
    lead_time_median_s: float | None  # from told to the first contact, of those who wrote after they were told


def leads(contacts: Sequence[Contact]) -> list[float]:
    """From told to first contact in seconds, of each customer who wrote after they were told."""
    return [(wrote - told).total_seconds() for told, wrote in contacts if told and wrote and told <= wrote]


def told_in_time(contacts: Sequence[Contact]) -> int:
    """How many were told before they first wrote in; who never wrote was told in time."""
    return sum(told is not None and (wrote is None or told <= wrote) for told, wrote in contacts)


def judge(incident_id: str, contacts: Sequence[Contact], tickets: int, linked: int) -> Outcome:
    """`contacts`: one of each affected customer."""
    before = told_in_time(contacts)
    seconds = leads(contacts)
    return Outcome(
        incident_id=incident_id,
        affected=len(contacts),
        told=sum(told is not None for told, _ in contacts),
        told_before_contact=before,
        tickets=tickets,
        linked=linked,
        coverage=before / len(contacts) if contacts else None,
        lead_time_median_s=median(seconds) if seconds else None,
    )
