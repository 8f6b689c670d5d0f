"""Ranks customers at a cut by what the rules say of each, and by two simple figures beside it, and says how well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.retail.auc import auc, standard_error
from bench.retail.invoices import Invoice, events
from services.monitor.fold.partition import Partition
from services.monitor.risk.registry import KINDS
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.file import RulesFile
from shared.configuration.files import load

RULES = Path(__file__).with_name("rules.yml")
AT_ONCE = 500  # invoices between two checkpoints, at which who is old is forgotten


@dataclass(frozen=True)
class Ranked:
    """How well the customers of one cut are ranked, by each of the scores."""

    customers: int
    none: int  # of them, those who bought nothing afterwards
    auc: float  # of the mean chance that the rules say
    by_rule: dict[str, float]  # of each rule's alone
    recency: float
    purchases: float

    @property
    def error(self) -> float:
        return standard_error(self.auc, self.none, self.customers - self.none)

    def figures(self) -> dict[str, object]:
        """Returns the figures of the bench's JSON."""
        return {
            "customers": self.customers,
            "bought_nothing": self.none,
            "auc": round(self.auc, 3),
            "auc_standard_error": round(self.error, 3),
            **{f"auc_{rule}": round(area, 3) for rule, area in self.by_rule.items()},
            "auc_recency": round(self.recency, 3),
            "auc_purchases": round(self.purchases, 3),
        }

    def __str__(self) -> str:
        rules = ", ".join(f"{rule} {area:.3f}" for rule, area in self.by_rule.items())
        return (
            f"AUC {self.auc:.3f} ± {self.error:.3f} ({rules}; recency {self.recency:.3f}, purchases {self.purchases:.3f}),"
            f" {self.none} of {self.customers} customers bought nothing"
        )


def ranked(invoices: Sequence[Invoice], cut: datetime, until: datetime) -> Ranked:
    """Ranks who bought before the cut by what is known then; what came between it and `until` says who bought nothing."""
    past = [invoice for invoice in invoices if invoice.at < cut]
    back = {invoice.customer for invoice in invoices if cut <= invoice.at < until}
    last = {invoice.customer: invoice.at.timestamp() for invoice in past}
    days = dict.fromkeys(last, 0)
    for customer, _ in {(invoice.customer, invoice.at.date()) for invoice in past}:
        days[customer] += 1
    rules = load(RULES, RulesFile).customers
    chances = outlooks(rules, past, list(last), cut.timestamp())
    none = [customer not in back for customer in last]
    mean = [sum(each) / len(rules) for each in zip(*chances.values(), strict=True)]
    return Ranked(
        customers=len(last),
        none=sum(none),
        auc=auc(mean, none),
        by_rule={rule.detector: auc(chances[rule.id], none) for rule in rules},
        recency=auc([-at for at in last.values()], none),
        purchases=auc([-count for count in days.values()], none),
    )


def outlooks(rules: Sequence[CustomerRule], past: Sequence[Invoice], customers: Sequence[str], now: float) -> dict[str, list[float]]:
    """Returns by rule what it says of each of the customers, when all of the past is folded."""
    partition, coming = Partition([], load(RULES, RulesFile).horizon.total_seconds(), follow=rules), list(events(past))
    for begin in range(0, len(coming), AT_ONCE):
        batch = coming[begin : begin + AT_ONCE]
        partition.fold(batch, batch[-1].time.timestamp())
        for followed in partition.customers.values():
            followed.take_changes()
    chances = {}
    for rule in rules:
        outlook, held = KINDS[rule.detector].outlook, partition.customers[rule.id]
        assert outlook is not None, f"{rule.detector} ranks nobody"
        chances[rule.id] = [outlook(rule, held.of(customer), now) for customer in customers]
    return chances
