"""Measures whether telling an incident's customers helped: how many were told before they first wrote in, and how long before. Pure."""

from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Reach:
    """The customers an incident touches, counted: how many were told, how many of them before they first wrote about it."""

    affected: int
    told: int
    told_before_contact: int  # or who never wrote
    lead_time: float | None  # median, in seconds: from told to the first contact, of those who wrote after they were told

    @property
    def coverage(self) -> float | None:
        """Returns the part that was told before they wrote in; None when the incident touches nobody."""
        return self.told_before_contact / self.affected if self.affected else None


class Measures(BaseModel):
    """Times in seconds."""

    incident_id: str
    affected: int
    told: int
    told_before_contact: int  # or who never wrote
    tickets: int  # of affected customers during the incident, about it or not
    linked: int  # tickets linked to the incident now
    coverage: float | None  # told_before_contact of affected; None when nobody was
    lead_time_median_s: float | None  # from told to the first contact, of those who wrote after they were told


def measured(incident_id: str, reach: Reach, tickets: int, linked: int) -> Measures:
    return Measures(
        incident_id=incident_id,
        affected=reach.affected,
        told=reach.told,
        told_before_contact=reach.told_before_contact,
        tickets=tickets,
        linked=linked,
        coverage=reach.coverage,
        lead_time_median_s=reach.lead_time,
    )
