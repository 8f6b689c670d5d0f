"""The acts of a customer's risk: a case is opened before the customer writes, and ends with the risk if nobody has touched it. Pure."""

from dataclasses import replace
from datetime import datetime

from services.ticketing import facts
from services.ticketing.acts import agents
from services.ticketing.change import AUTOMATIC, Cause, Change, What
from services.ticketing.sla.clock import Clock
from services.ticketing.ticket import Priority, Refused, Status, Ticket
from services.ticketing.wording.subject import one_line
from shared.events import TicketRisk, case_id
from shared.events.lines import cut

CHANNEL = "risk"  # by which such a case came
SUBJECT = 250  # characters that one has


def opened(
    risk: TicketRisk, customer_id: str, title: str, priority: Priority, number: int, clock: Clock, now: datetime, cause: Cause
) -> Change:
    """A risk becomes a case of its customer, with what was found. Nobody has written, so nothing is answered automatically."""
    ticket = Ticket(
        id=case_id(risk.risk_id),
        number=number,
        customer_id=customer_id,
        channel=CHANNEL,
        subject=cut(one_line(title) or risk.rule, SUBJECT),
        component=None,
        priority=priority,
        status=Status.OPEN,
        assignee=None,
        incident_id=None,
        opened_at=now,
        resolved_at=None,
        first_response=clock,
        risk_id=risk.risk_id,
    )
    detail = {"channel": CHANNEL, "risk": risk.model_dump(mode="json")}
    return Change(ticket, now, AUTOMATIC, What.OPENED, detail, (facts.opened(ticket, cause, risk),), clock_starts=True)


def over(ticket: Ticket, reason: str, now: datetime, *, touched: bool) -> Change | Refused:
    """The risk is over: its case is resolved if nobody has done or said anything on it; else its history says it, to who works on it."""
    if touched or ticket.status is not Status.OPEN:
        return Change(ticket, now, AUTOMATIC, What.RISK_OVER, {"reason": reason})
    return agents.resolved(ticket, replace(AUTOMATIC, act_id=f"risk {ticket.risk_id}"), now, f"the risk is over: {reason}")
