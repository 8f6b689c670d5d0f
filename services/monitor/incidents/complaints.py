"""The complaints of a history, as the table of complaints keeps them: one a ticket, by the hour in which the customer wrote. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.monitor.detectors.surge import HOUR, WEEK, WEEKS, History
from services.monitor.incidents.candidates import Complaint
from services.monitor.incidents.found import Touched

KEPT = (WEEKS + 1) * WEEK * HOUR  # seconds, as keeping.py has it
BEFORE = WEEKS * WEEK * HOUR + 48 * HOUR  # seconds of history that a judgement may look at


@dataclass(slots=True)
class Kept:
    """One ticket about a component."""

    customer: str
    at: float  # when the customer wrote, seconds since the epoch
    linked_to: str | None = None  # the incident that it is about


@dataclass(slots=True)
class Hour:
    """The complaints about a component in one hour."""

    kept: list[Kept] = field(default_factory=list)
    _counted: int | None = None

    @property
    def customers(self) -> int:
        """Returns how many customers wrote whose tickets are about no incident; counted once after each change."""
        if self._counted is None:
            self._counted = len({each.customer for each in self.kept if each.linked_to is None})
        return self._counted

    def changed(self) -> None:
        self._counted = None


class Complaints:
    """What was complained of, by component."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, Hour]] = {}
        self._tickets: dict[str, tuple[Kept, Hour]] = {}
        self._known_since: float | None = None

    def keep(self, ticket: str, component: str, kept: Kept) -> bool:
        """Keeps a complaint; says whether it is new. One that is known stays as it is."""
        if ticket in self._tickets:
            return False
        hour = self._of.setdefault(component, {}).setdefault(int(kept.at // HOUR), Hour())
        hour.kept.append(kept)
        hour.changed()
        self._tickets[ticket] = kept, hour
        self._known_since = kept.at if self._known_since is None else min(self._known_since, kept.at)
        return True

    def link(self, ticket: str, incident: str | None) -> None:
        """Notes the incident that a ticket is about; None: it is about none."""
        if ticket in self._tickets:
            kept, hour = self._tickets[ticket]
            kept.linked_to = incident
            hour.changed()

    def about(self, component: str, since: float, until: float) -> list[Complaint]:
        """Returns the complaints after `since` up to `until` that are about no incident."""
        return [
            Complaint(each.customer, each.at)
            for each in self._from(component, since, until)
            if since < each.at <= until and each.linked_to is None
        ]

    def history(self, component: str, until: float) -> History:
        """Returns the complaints in the weeks before, by the hour."""
        since, hours = until - BEFORE, self._of.get(component, {})
        first, last = int(since // HOUR), int(until // HOUR)
        counts = {number: hour.customers for number, hour in hours.items() if first < number < last}
        for edge in {first, last} & hours.keys():
            counts[edge] = len({each.customer for each in hours[edge].kept if each.linked_to is None and since < each.at <= until})
        return History(counts, until if self._known_since is None else self._known_since)

    def who(self, component: str, since: float, incident: str) -> Mapping[str, Touched]:
        """Returns who complained since then of what is about this incident, or about none: it likely touches them."""
        found: dict[str, Touched] = {}
        for each in self._from(component, since, float("inf")):
            if each.at >= since and each.linked_to in (None, incident):
                known = found.setdefault(each.customer, Touched(each.at, each.at, 0, "likely"))
                known.first, known.last, known.count = min(known.first, each.at), max(known.last, each.at), known.count + 1
        return dict(sorted(found.items()))

    def erase(self, customer: str) -> None:
        """Forgets a customer's complaints."""
        gone = [ticket for ticket, (kept, _) in self._tickets.items() if kept.customer == customer]
        for kept, hour in map(self._tickets.pop, gone):
            hour.kept.remove(kept)
            hour.changed()

    def forget(self, now: float) -> None:
        """Forgets what no judgement looks at any more."""
        for of in self._of.values():
            for number in [each for each in of if (each + 1) * HOUR < now - KEPT]:
                del of[number]
        self._tickets = {ticket: each for ticket, each in self._tickets.items() if each[0].at >= now - KEPT - HOUR}

    def _from(self, component: str, since: float, until: float) -> Iterator[Kept]:
        for number, hour in self._of.get(component, {}).items():
            if since < (number + 1) * HOUR and number * HOUR <= until:
                yield from hour.kept
