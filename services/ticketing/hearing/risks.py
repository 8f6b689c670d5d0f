"""`risks.v1`: a case is opened for a customer at risk when the rule asks for it, and is told that the risk is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from services.ticketing.acts import risks
from services.ticketing.change import Cause, unless_refused
from services.ticketing.hearing.customers import erasures_of
from services.ticketing.sla import clock
from services.ticketing.store import tickets
from services.ticketing.store.changes import apply
from services.ticketing.support import Configuration
from services.ticketing.ticket import UNRESOLVED, Priority
from shared.events import Fact, RiskActed, RiskCleared, TicketRisk, case_id
from shared.postgres import Tx

FACTS = (RiskActed, RiskCleared)
PRIORITIES: dict[str | None, Priority] = {each: each for each in get_args(Priority)}


async def on_risks(config: Configuration, tx: Tx, facts: Sequence[Fact]) -> None:
    """Takes facts about risks in their order. A repeat changes nothing."""
    erased = await erasures_of(tx, [fact.data.customer_id for fact in facts if isinstance(fact, RiskActed) and _is_ours(fact)])
    now = await tickets.now(tx)
    for fact in facts:
        match fact:
            case RiskActed(data=data) if _is_ours(fact) and (data.customer_id not in erased or fact.time > erased[data.customer_id]):
                await _open(config, tx, fact, now)
            case RiskCleared(data=data) if data.risk_id is not None:
                await _over(tx, data.risk_id, data.reason, now)


def _is_ours(fact: RiskActed) -> bool:
    return fact.data.status == "asked" and fact.data.action.kind == "case"


async def _open(config: Configuration, tx: Tx, fact: RiskActed, now: datetime) -> None:
    data = fact.data
    if await tickets.ticket(tx, case_id(data.risk_id)) is not None:
        return
    [number] = await tickets.numbers(tx, 1)
    priority = PRIORITIES.get(data.action.priority, "normal")
    promised = config.support.first_response
    runs = clock.start(now, now, promised.targets[priority], promised.warn_at)
    found = {"score": data.score, "contributions": data.contributions, "evidence": data.evidence}
    risk = TicketRisk(risk_id=data.risk_id, rule=data.rule, **found)
    await apply(tx, [risks.opened(risk, data.customer_id, data.title, priority, number, runs, now, Cause.of(fact))])


async def _over(tx: Tx, risk_id: str, reason: str, now: datetime) -> None:
    ticket = await tickets.ticket(tx, case_id(risk_id))
    if ticket is None or ticket.status not in UNRESOLVED or await tickets.knows_risk_is_over(tx, ticket.id):
        return
    touched = await tickets.touched(tx, ticket.id)
    await apply(tx, [unless_refused(risks.over(ticket, reason, now, touched=touched))])
