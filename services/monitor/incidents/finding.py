"""A backtest knows its incidents as live the tables do: which rules joined them, what they mute, and whom they touch. Pure."""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.monitor.fold.tallies import Tally
from services.monitor.incidents.found import Found, Joining, Touched
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.impact import Certainty
from services.monitor.incidents.known import RecentIncident
from services.monitor.incidents.life import Decision, Opened, Resolved, moment
from services.monitor.incidents.muting import By, Muted, Mutes, Nearby, Quiet
from services.monitor.incidents.severity import risen, worse
from services.monitor.incidents.suspecting import Suspecting
from services.monitor.rules.file import RulesFile
from services.monitor.rules.surge import SurgeRule
from shared.events import Fact

Key = tuple[str, str]  # rule, component
Affected = Mapping[str, tuple[Tally, Certainty]]  # by customer


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside the events of a history."""

    named: frozenset[str] = frozenset()  # the components of the catalog
    parents: Mapping[str, Collection[str]] = field(default_factory=dict)  # what each component hangs on
    periods: Sequence[Quiet] = ()  # when maintenance ran
    tiers: Mapping[str, str] = field(default_factory=dict)  # of customers


class Findings:
    """The incidents of a history up to a moment."""

    def __init__(self, rules: RulesFile, beside: Beside) -> None:
        self._rules, self._beside, self._grouping = {rule.id: rule for rule in rules.components}, beside, rules.grouping
        self._periods = sorted(beside.periods, key=lambda each: (each.starts_at, each.maintenance_id))  # the first that mutes is named
        self.found: dict[str, Found] = {}  # by id, in the order in which they were found
        self.muted: dict[tuple[str, str, str], Muted] = {}  # by what muted it, rule and component: what was muted first
        self.suspecting = Suspecting({rule.id: rule for rule in rules.components if isinstance(rule, SurgeRule)})
        self._changed: dict[str, Found] = {}  # those that opened or ended since they were last asked for
        self._opened_at: dict[str, datetime] = {}  # by id, on the clock: of what was overdue before, later than it says
        self._open: dict[str, set[str]] = {}  # component → ids
        self._over: dict[str, list[tuple[float, str]]] = {}  # component → ends and ids, the earliest first
        self._grouped: dict[str, dict[Key, float]] = {}  # incident → what else belongs to it, and since when

    def is_open(self, incident: str | None) -> bool:
        return incident is not None and incident in self.found and self.found[incident].ended_at is None

    def hear(self, facts: Sequence[Fact], clock: float) -> None:
        """Takes what was said of tickets, and drops the candidates of which complaints have calmed down."""
        if facts:
            self.suspecting.hear(facts, clock, self._is_known)
        self.suspecting.look(clock)

    def _is_known(self, component: str) -> bool:
        return any(not self._rules[self.found[id_].rule].shadow for id_ in self._open.get(component, ()))

    # ── what is decided is made true ─────────────────────────────────────────────────────────

    def make_true(self, key: Key, decision: Decision | Joined | None, clock: float) -> bool:
        """Makes true what events or alerts decide; says whether an incident opened or ended."""
        match decision:
            case Opened():
                return self.open(Found(decision.incident_id, *key, decision.started_at, clock, decision.why), clock)
            case Joined():
                self._join(key, decision)
            case Resolved():
                return self._calm(key[0], decision)
        return False

    def open(self, new: Found, clock: float) -> bool:
        """Opens an incident at this moment, unless its trouble is known already. It takes in the candidates of its component."""
        if new.id in self.found:
            return False
        rule = self._rules[new.rule]
        new.severity = rule.severity
        self.found[new.id] = self._changed[new.id] = new
        self._opened_at[new.id] = moment(clock)
        self._open.setdefault(new.component, set()).add(new.id)
        for customer, seen in () if rule.shadow else self.suspecting.absorb(new.component, new.id, clock):
            _touch(new, customer, seen)
        return True

    def end(self, incident: str, at: float) -> bool:
        """Ends an incident, unless it has ended already."""
        if not self.is_open(incident):
            return False
        found = self._changed[incident] = self.found[incident]
        found.ended_at = at
        self._open[found.component].discard(incident)
        insort(self._over.setdefault(found.component, []), (at, incident))
        return True

    def _join(self, key: Key, joined: Joined) -> None:
        if not self.is_open(joined.incident_id):
            return
        home, rule = self.found[joined.incident_id], self._rules[key[0]]
        home.joined.setdefault(home.rule, Joining(home.started_at))
        home.joined.setdefault(rule.id, Joining(joined.opened.started_at)).failing = True
        home.severity = worse(home.severity, rule.severity)
        if rule.id != home.rule:
            self._grouped.setdefault(home.id, {}).setdefault(key, joined.opened.started_at)

    def _calm(self, rule: str, resolved: Resolved) -> bool:
        members = self.found[resolved.incident_id].joined
        if rule in members:
            members[rule].failing = False
        return not any(each.failing for each in members.values()) and self.end(resolved.incident_id, resolved.resolved_at)

    # ── what mutes ───────────────────────────────────────────────────────────────────────────

    def mutes(self, components: Collection[str], since: datetime, *, grouping: bool = True) -> Mutes:
        """Returns what may mute trouble of these components that is seen then or later, and what it may join."""
        together = self._grouping if grouping else self._grouping * 0
        periods = [each for each in self._periods if each.ends_at > since]
        above = {parent for component in components for parent in self._beside.parents.get(component, ())}
        rising = self.suspecting.rising(components)
        if not periods and not above and not together:
            return Mutes(rising=rising)
        near = [self._nearby(id_) for component in sorted(above.union(components)) for id_ in self._near(component, since)]
        return Mutes(periods, near, self._beside.parents, together, rising)

    def _near(self, component: str, since: datetime) -> Iterator[str]:
        yield from sorted(self._open.get(component, ()))
        over = self._over.get(component, [])
        yield from (id_ for _, id_ in over[bisect_right(over, since.timestamp(), key=lambda each: each[0]) :])

    def _nearby(self, incident: str) -> Nearby:
        of = self.found[incident]
        ended = None if of.ended_at is None else moment(of.ended_at)
        shadow = self._rules[of.rule].shadow
        return Nearby(of.id, of.rule, of.component, moment(of.started_at), ended, shadow, joined=frozenset(of.joined))

    def learn(self, mutes: Mutes, decision: Decision | Joined | None, key: Key) -> None:
        """Has what is judged next know what was opened or joined."""
        match decision:
            case Opened(incident_id=new) if self.is_open(new):
                mutes.incidents.append(self._nearby(new))
            case Joined(incident_id=home):
                known = [replace(each, joined=each.joined | {each.rule, key[0]}) for each in mutes.incidents if each.id == home]
                mutes.incidents[:] = [each for each in mutes.incidents if each.id != home] + known

    def note_muted(self, muted: Iterable[Muted]) -> None:
        """Notes trouble that opened no incident. Whom it touches, the incident touches that muted it."""
        for (by, rule, component), each in {(each.by.id, each.rule, each.component): each for each in muted}.items():
            self.muted.setdefault((by, rule, component), each)
            if each.by.by is By.PARENT and not each.shadow:
                self._grouped.setdefault(by, {}).setdefault((rule, component), each.started_at.timestamp())

    # ── whom they touch ──────────────────────────────────────────────────────────────────────

    def take_changed(self) -> list[RecentIncident]:
        """Returns the incidents that opened or ended since the last call."""
        changed, self._changed = self._changed, {}
        return [self._recent(each, each.id, (each.rule, each.component), each.started_at) for each in changed.values()]

    def others(self, oldest: datetime) -> list[RecentIncident]:
        """Returns what else belongs to incidents that are open, or opened later than that: whom it finds, they touch."""
        for incident in [each for each in self._grouped if not self.is_open(each) and self._opened_at[each] <= oldest]:
            del self._grouped[incident]
        return [
            self._recent(self.found[incident], f"{incident}/{key[0]}/{key[1]}", key, since)
            for incident, grouped in self._grouped.items()
            for key, since in grouped.items()
        ]

    def _recent(self, of: Found, id_: str, key: Key, since: float) -> RecentIncident:
        ended, home = (None if of.ended_at is None else moment(of.ended_at)), (None if id_ == of.id else of.id)
        return RecentIncident(id_, *key, moment(since), ended, self._opened_at[of.id], merged_into=home)

    def touch(self, incident: RecentIncident, affected: Affected) -> None:
        """Notes whom an incident touches. The confirmed get their later evidence; nobody who is confirmed becomes likely again."""
        of = self.found[incident.touching]
        news = [_touch(of, customer, Touched(tally.first, tally.last, tally.count, how)) for customer, (tally, how) in affected.items()]
        if any(news) and of.ended_at is None:
            self._escalate(incident.rule, of)

    def _escalate(self, rule_id: str, of: Found) -> None:
        rule, of_tiers = self._rules[rule_id], dict[str, int]()
        for tier in {steps.tier for steps in rule.escalate.values() if steps.tier is not None}:
            of_tiers[tier] = sum(self._beside.tiers.get(customer) == tier for customer in of.customers)
        of.severity = risen(rule, of.severity, len(of.customers), of_tiers)

    def leave(self, incidents: Iterable[RecentIncident], customer: str) -> None:
        """Has open incidents touch a customer no more, who turned out to be another's name."""
        for each in incidents:
            if self.is_open(each.touching):
                self.found[each.touching].customers.pop(customer, None)


def _touch(of: Found, customer: str, seen: Touched) -> bool:
    """Notes that an incident touches a customer; says whether that is news."""
    known = of.customers.get(customer)
    if known is None or (known.certainty, seen.certainty) == ("likely", "confirmed"):
        of.customers[customer] = seen
        return True
    if seen.certainty == "confirmed":
        known.first, known.last, known.count = min(known.first, seen.first), max(known.last, seen.last), max(known.count, seen.count)
    return False
