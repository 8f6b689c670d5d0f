"""What the tickets that came say about incidents that a backtest found. Pure; docs/measures.md defines each figure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from services.monitor.incidents.found import Found
from shared.events import Fact, TicketOpened

AFTER = 86_400.0  # seconds after an incident's end for which a ticket may be about it


@dataclass(frozen=True)
class Ticket:
    """The part of a ticket that counts here."""

    customer: str
    component: str | None  # None: it does not say
    opened_at: float  # when the customer wrote, seconds since the epoch


def tickets_in(facts: Iterable[Fact], since: float) -> list[Ticket]:
    """Returns the tickets that customers opened since then, each once however often it was said."""
    found: dict[str, Ticket] = {}
    for fact in facts:
        if isinstance(fact, TicketOpened) and fact.data.risk is None and fact.data.opened_at.timestamp() >= since:
            found[fact.data.ticket_id] = Ticket(fact.data.customer_id, fact.data.component, fact.data.opened_at.timestamp())
    return sorted(found.values(), key=lambda each: each.opened_at)


@dataclass(frozen=True)
class Compared:
    """Incidents beside tickets."""

    tickets: int  # in that time
    touched: int  # customers that the incidents touch, once for each incident
    wrote: int  # of them: who wrote from the incident's start until a day after its end
    incidents: int
    borne_out: int  # of them: about which at least one of its customers wrote
    about: int  # tickets that name a component which the rules look at
    missed: int  # of them: no incident of that component touches their customer at that time

    @property
    def precision(self) -> float | None:
        """Returns the share of incidents that are borne out; None without any."""
        return self.borne_out / self.incidents if self.incidents else None


def compare(found: Sequence[Found], tickets: Sequence[Ticket], judged: frozenset[str]) -> Compared:
    """Compares what was found with the tickets of the same time. `judged`: the components that the rules look at."""
    of_customer: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        of_customer.setdefault(ticket.customer, []).append(ticket)
    wrote = [sum(_wrote(of_customer.get(customer, ()), each) for customer in each.customers) for each in found]
    touching: dict[tuple[str, str], list[Found]] = {}
    for each in found:
        for customer in each.customers:
            touching.setdefault((customer, each.component), []).append(each)
    about = [ticket for ticket in tickets if ticket.component in judged]
    missed = [
        ticket for ticket in about if not any(_within(ticket, each) for each in touching.get((ticket.customer, ticket.component or ""), ()))
    ]
    return Compared(
        len(tickets),
        sum(len(each.customers) for each in found),
        sum(wrote),
        len(found),
        sum(1 for number in wrote if number),
        len(about),
        len(missed),
    )


def _wrote(tickets: Iterable[Ticket], found: Found) -> bool:
    return any(ticket.component in (None, found.component) and _within(ticket, found) for ticket in tickets)


def _within(ticket: Ticket, found: Found) -> bool:
    return found.started_at <= ticket.opened_at <= (inf if found.ended_at is None else found.ended_at + AFTER)
