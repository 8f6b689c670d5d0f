"""`tickets.v1`: customers complain of components. A ticket counts once, by when the customer wrote; what is erased does not count.

A ticket that is about a known incident shows nothing new, so what customers write because Forewarn told them of one finds no other.
"""

from collections.abc import Sequence
from datetime import datetime

from services.monitor.acts import surging
from services.monitor.rules.file import RulesFile
from services.monitor.rules.surge import SurgeRule
from services.monitor.store.candidates import queries
from shared.erasing import erased_at
from shared.events import Fact, TicketLinked, TicketOpened, TicketUnlinked
from shared.postgres import Tx

HEARD = (TicketOpened, TicketLinked, TicketUnlinked)


class Complaining:
    """Handles the facts about tickets by the rules in force."""

    def __init__(self, rules: RulesFile) -> None:
        self.rules = surges(rules)

    async def take(self, rules: RulesFile) -> None:
        """Takes other rules: what was complained of before is still known."""
        self.rules = surges(rules)

    async def __call__(self, tx: Tx, facts: Sequence[Fact]) -> None:
        """Keeps complaints, says which of them are about incidents, and judges what has come."""
        now: datetime = await tx.fetchval("SELECT clock()")
        new = await _keep(tx, [fact for fact in facts if isinstance(fact, TicketOpened) and fact.data.risk is None], now)
        for fact in facts:
            match fact:
                case TicketLinked():
                    await tx.execute(queries.link_complaint, fact.data.ticket_id, fact.data.incident_id)
                case TicketUnlinked():
                    await tx.execute(queries.link_complaint, fact.data.ticket_id, None)
        if new:
            await surging.hear(tx, self.rules, new, now)


async def _keep(tx: Tx, opened: Sequence[TicketOpened], now: datetime) -> dict[str, list[datetime]]:
    """Stores the tickets that name a component; returns when the new ones of each component were written."""
    about = [fact for fact in opened if fact.data.component]
    erased = await erased_at(tx, {fact.data.customer_id for fact in about})
    rows = {
        fact.data.ticket_id: (fact.data.ticket_id, fact.data.customer_id, fact.data.component, min(fact.data.opened_at, now))
        for fact in about
        if fact.data.customer_id not in erased or fact.data.opened_at > erased[fact.data.customer_id]
    }
    if not rows:
        return {}
    written: dict[str, list[datetime]] = {}
    for row in await tx.fetch(queries.keep_complaints, *map(list, zip(*rows.values(), strict=True))):
        written.setdefault(row["component"], []).append(row["written_at"])
    return written


def surges(rules: RulesFile) -> surging.Rules:
    """Returns the rules on complaints, by id."""
    return {rule.id: rule for rule in rules.components if isinstance(rule, SurgeRule)}
