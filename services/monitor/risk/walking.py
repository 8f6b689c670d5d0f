"""The risks of a history's customers, raised and cleared by event time alone. Pure.

Live, the rows of `risks` say how each stands, and time has come as far as monitor has read: `hearing/risks.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.monitor.fold.partition import Partition
from services.monitor.risk import health, renewal
from services.monitor.risk.finding import Reason, moment
from services.monitor.risk.life import Cleared, Decision, Raised, RiskRow, step
from services.monitor.risk.looking import Looking
from services.monitor.risk.renewing import Renewing
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.file import RulesFile
from services.monitor.rules.health import HealthRule
from services.monitor.rules.renewal import RenewalRule
from shared.events import Fact

Rule = CustomerRule | HealthRule | RenewalRule


class Walking:
    """The rules on single customers on their way through the past."""

    def __init__(self, rules: RulesFile, partitions: Mapping[int, Partition]) -> None:
        by_id = {rule.id: rule for rule in rules.customers}
        self._looking = [Looking(by_id[name], each, {}) for partition in partitions.values() for name, each in partition.customers.items()]
        self._health, self._renewing = rules.health, Renewing(rules.renewals)
        self._latest: dict[tuple[str, str], str] = {}  # customer and rule → their latest risk
        self.found: dict[str, RiskRow] = {}  # all risks so far, as they stand, in the order in which they were raised

    def hear(self, facts: Sequence[Fact]) -> None:
        """Takes what was said of customers."""
        if self._renewing.rules:
            self._renewing.hear(facts)

    def judge(self, read_to: float) -> None:
        """Raises and clears what is to be, as a checkpoint does; what has changed until now counts as judged."""
        moved: set[str] = set()
        for looking in self._looking:
            now = max(looking.customers.complete_to, read_to)
            for customer in sorted(each for each in looking.concerned(now) if looking.is_suspect(each, now)):
                self._decide(looking, customer, now, read_to)
                moved.add(customer)
            looking.customers.take_changes()
            looking.customers.fresh.clear()
        for rule in self._health:
            for customer in sorted(moved):
                others = [row for each in rule.weights if (row := self._row_of(customer, each)) is not None]
                self._make_true(rule, customer, health.step(rule, customer, others, self._row_of(customer, rule.id)), read_to)

        if self._renewing.rules and read_to:
            self._judge_renewals(moved, read_to)

    def _judge_renewals(self, moved: Collection[str], read_to: float) -> None:
        """Judges renewals beside the risks that see use fall, by the day in UTC up to which all is known."""
        today = moment(read_to).date()
        for customer in self._renewing.take_concerned(moved, read_to):
            falls = False
            for rule in self._renewing.rules:
                others = [row for each in rule.falling if (row := self._row_of(customer, each)) is not None]
                row, renews_at = self._row_of(customer, rule.id), self._renewing.of(customer)
                self._make_true(rule, customer, renewal.step(rule, customer, others, renews_at, row, today), read_to)
                falls |= any(each.open for each in others)
            if falls:
                self._renewing.plan(customer, today)

    def renamed(self, names: Collection[str], read_to: float) -> None:
        """Clears the risks of names that turned out to be another customer's."""
        for name, rule in [key for key in self._latest if key[0] in names] if names else ():
            if (row := self._row_of(name, rule)) is not None and row.open:
                self.found[row.id] = replace(row, cleared_at=moment(read_to), reason=Reason.RENAMED)
        self._renewing.concern(names)
        for looking in self._looking if names else ():
            for name in names:
                looking.stands(name, None, 0.0)

    def _decide(self, looking: Looking, customer: str, now: float, read_to: float) -> None:
        row, moments = self._row_of(customer, looking.rule.id), looking.customers.of(customer)
        self._make_true(looking.rule, customer, step(looking.rule, customer, moments, row, now), read_to)
        row = self._row_of(customer, looking.rule.id)
        looking.stands(customer, row.span if row is not None and row.open else None, now)

    def _row_of(self, customer: str, rule: str) -> RiskRow | None:
        return self.found.get(self._latest.get((customer, rule), ""))

    def _make_true(self, rule: Rule, customer: str, decided: Sequence[Decision], read_to: float) -> None:
        for decision in decided:
            match decision:
                case Cleared(risk_id, reason):
                    self.found[risk_id] = replace(self.found[risk_id], cleared_at=moment(read_to), reason=reason)
                case Raised(risk_id):
                    self.found.setdefault(risk_id, _row(rule, customer, decision, read_to))
                    self._latest[customer, rule.id] = risk_id


def _row(rule: Rule, customer: str, raised: Raised, read_to: float) -> RiskRow:
    finding = raised.finding
    return RiskRow(
        id=raised.risk_id,
        customer_id=customer,
        rule=rule.id,
        version=rule.version,
        title=rule.title,
        score=finding.score,
        contributions=finding.contributions,
        evidence=list(finding.evidence),
        action=None if rule.action is None else rule.action.model_dump(exclude_none=True),
        began_at=moment(finding.span.began),
        last_at=moment(finding.span.last),
        raised_at=moment(read_to),
        cleared_at=None,
        reason=None,
        cleared_by=None,
        note="",
        shadow=rule.shadow,
    )
