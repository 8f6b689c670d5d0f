"""Did it help? Of an incident's customers, who was told before they first wrote in, and how long before."""

from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Contacts:
    """The customers an incident touches, counted: who was told, who before they first wrote about it."""

    affected: int
    told: int
    told_before_contact: int  # or who never wrote
    lead_time: float | None  # median, in seconds: from told to the first contact, of those who wrote after they were told

    @property
    def coverage(self) -> float | None:
        """The part that was told before they wrote in; None when it touches nobody."""
        return self.told_before_contact / self.affected if self.affected else None


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


def judge(incident_id: str, contacts: Contacts, tickets: int, linked: int) -> Outcome:
    return Outcome(
        incident_id=incident_id,
        affected=contacts.affected,
        told=contacts.told,
        told_before_contact=contacts.told_before_contact,
        tickets=tickets,
        linked=linked,
        coverage=contacts.coverage,
        lead_time_median_s=contacts.lead_time,
    )
