"""`risks.v1`: a customer at risk is sent an article, or offered help, when the rule asks for it; not once the risk is over."""

from collections.abc import Iterable, Sequence

from services.notifier.hearing.erased import unless_erased
from services.notifier.notification import Draft, Kind, guidance_id
from services.notifier.store import deliveries, ledger
from shared.events import Fact, RiskActed, RiskCleared
from shared.postgres import Tx

FACTS = (RiskActed, RiskCleared)
OURS = ("article", "help")  # the kinds of actions that are words to the customer


async def on_risks(tx: Tx, facts: Sequence[Fact]) -> None:
    """Writes down what customers at risk must know, and decides anew what waits of risks that are over."""
    asked = [fact for fact in facts if isinstance(fact, RiskActed) and fact.data.status == "asked" and fact.data.action.kind in OURS]
    kept = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in asked])
    await ledger.write_down(tx, map(_draft, kept))
    await deliveries.hasten(tx, notifications=await ledger.take_out(tx, set(_over(facts))))


def _over(facts: Iterable[Fact]) -> Iterable[str]:
    for fact in facts:
        if isinstance(fact, RiskCleared) and fact.data.risk_id is not None:
            yield guidance_id(fact.data.risk_id, fact.data.customer_id)


def _draft(fact: RiskActed) -> Draft:
    risk, action = fact.data, fact.data.action
    found = {"score": risk.score, "contributions": risk.contributions, "evidence": list(risk.evidence)}
    return Draft(
        id=guidance_id(risk.risk_id, risk.customer_id),
        customer_id=risk.customer_id,
        kind=Kind.GUIDANCE,
        about_at=fact.time,
        cause_id=fact.id,
        cause_hops=fact.hops,
        evidence={"risk_id": risk.risk_id, "rule": risk.rule, "action": action.kind, "article": action.url, **found},
    )
