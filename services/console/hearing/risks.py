"""`risks.v1`: customers in trouble, by the rule that says so."""

from collections.abc import Sequence
from dataclasses import replace

from services.console.hearing.erased import unless_erased
from services.console.live.changes import changed, customer_key, enter
from services.console.store import risks
from services.console.store.risks import Risk
from shared.events import Fact, RiskActed, RiskCleared, RiskRaised
from shared.postgres import Tx


async def on_risks(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps the latest that each rule has said of each customer. A fact that comes again changes nothing."""
    await enter(tx)
    heard = [fact for fact in facts if isinstance(fact, RiskRaised | RiskCleared | RiskActed)]
    current = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in heard])
    known = await risks.known(tx, {fact.data.customer_id for fact in current})
    moved: dict[risks.Pair, Risk] = {}
    for fact in current:
        pair = fact.data.customer_id, fact.data.rule
        if (risk := after(moved.get(pair) or known.get(pair), fact)) is not None:
            moved[pair] = risk
    if moved:
        await risks.save(tx, moved.values())
        await changed(tx, ["risks", *(customer_key(customer_id) for customer_id, _ in moved)])


def after(known: Risk | None, fact: RiskRaised | RiskCleared | RiskActed) -> Risk | None:
    """Returns the risk after the fact; None when the fact changes nothing. Pure."""
    match fact:
        case RiskRaised(data=data):
            if known is not None and fact.time <= known.raised_at:
                return None
            action = None if data.action is None else data.action.model_dump(exclude_none=True)
            found = data.score, dict(data.contributions), list(data.evidence)
            risk = Risk(data.customer_id, data.rule, *found, fact.time, title=data.title, action=action, risk_id=data.risk_id)
            return replace(risk, shadow=data.shadow)
        case RiskCleared(data=data):
            if known is None or known.cleared_at is not None or fact.time < known.raised_at:
                return None
            return replace(known, cleared_at=fact.time, reason=data.reason, by=data.by)
        case RiskActed(data=data):
            if known is None or known.risk_id != data.risk_id or known.action_status is not None:
                return None
            return replace(known, action_status=data.status, action_answer=data.answer)
