"""Whose a name is, decided from what was claimed. Pure.

What is known are edges: each name leads to a customer, or to another name that was no customer's alias when it was claimed. An event
takes the edges one by one, since the partition at each end knows which events it counted before the edge was there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.monitor.aliases.claims import By, Claim

MOST = 100  # names of one customer: one more displaces the one that was said longest ago
STEPS = 2  # edges from a name to its customer: where there are more, it leads there directly
RENEWED = 86_400.0  # seconds after which it is noted that a claim was said again


class Outcome(StrEnum):
    """What became of a claim: a closed list, also a metric's label."""

    NEW = "new"
    MOVED = "moved"  # the name was another customer's
    KNOWN = "known"
    OLDER = "older"  # a later claim says another customer
    WEAKER = "weaker"  # an event says it, and customers.v1 another customer
    CYCLE = "cycle"  # the customer is known by that name's own customer: refused
    DISPLACED = "displaced"  # to make room for later ones


@dataclass(frozen=True, slots=True)
class Link:
    """One name as it is stored. Times are seconds since the epoch."""

    alias: str
    named: str  # the customer whom the claim names
    leads_to: str  # the next on the way to the customer; the name itself, when it is nobody's any more
    customer: str  # the end of that way
    by: By
    said_at: float  # when it was claimed last
    since: float = 0.0  # events before it are those of `before`
    before: str = ""  # to whom it led until then; empty: to nobody


@dataclass
class Decided:
    """What follows from claims: the links that changed, the names that are displaced, and how many claims came to what."""

    changed: dict[str, Link] = field(default_factory=dict)
    displaced: list[str] = field(default_factory=list)
    outcomes: dict[Outcome, int] = field(default_factory=lambda: defaultdict(int))


def way(links: Mapping[str, Link], name: str) -> list[str]:
    """Returns the names from this one to its customer, who comes last."""
    steps = [name]
    while (link := links.get(steps[-1])) is not None and link.leads_to not in steps:
        steps.append(link.leads_to)
    return steps


def link(known: Mapping[str, Link], claims: Iterable[Claim]) -> Decided:
    """Decides what the claims make of what is known. The latest claim of a name wins, one of customers.v1 before any event's;
    of two at once the greater customer id does.

    `known`: the links of every name in the claims, and of all other names of the same customers.
    """
    links, decided = dict(known), Decided()
    for claim in sorted(claims, key=lambda each: (each.said_at, each.customer)):
        decided.outcomes[_take(links, claim)] += 1
    _shorten(links)
    decided.displaced = _displaced(links, {claim.customer for claim in claims})
    decided.outcomes[Outcome.DISPLACED] += len(decided.displaced)
    gone = set(decided.displaced)
    decided.changed = {name: each for name, each in links.items() if each != known.get(name) and name not in gone}
    return decided


def release(known: Mapping[str, Link], gone: Mapping[str, float]) -> list[Link]:
    """Returns the links that change when these names are nobody's any more: events before that moment stay the customer's."""
    links = dict(known)
    for name, at in gone.items():
        each = links[name]
        links[name] = replace(each, named=name, leads_to=name, said_at=at, since=at, before=each.leads_to)
    _shorten(links)
    return [each for name, each in links.items() if each != known[name]]


def _take(links: dict[str, Link], claim: Claim) -> Outcome:
    stands, end = links.get(claim.alias), way(links, claim.customer)
    if stands is not None and claim.customer == stands.named:
        links[claim.alias] = _said_again(stands, claim)
        return Outcome.KNOWN
    if stands is not None and (lost := _lost(claim, stands)) is not None:
        return lost
    if claim.alias in end:
        return Outcome.CYCLE
    new = Link(claim.alias, claim.customer, end[-1], end[-1], claim.by, claim.said_at)
    if stands is None:
        links[claim.alias] = new
        return Outcome.NEW
    if way(links, claim.alias)[-1] == end[-1]:
        links[claim.alias] = replace(stands, named=claim.customer, by=claim.by, said_at=claim.said_at)
        return Outcome.KNOWN
    links[claim.alias] = replace(new, since=claim.said_at, before=stands.leads_to)
    return Outcome.MOVED


def _said_again(stands: Link, claim: Claim) -> Link:
    by = By.CUSTOMERS if By.CUSTOMERS in (stands.by, claim.by) else By.EVENTS
    renewed = claim.said_at - stands.said_at >= RENEWED or (by != stands.by and claim.said_at >= stands.said_at)
    return replace(stands, by=by, said_at=claim.said_at) if renewed else replace(stands, by=by)


def _lost(claim: Claim, stands: Link) -> Outcome | None:
    """Says why what stands counts for more; None: it does not. What customers.v1 says does, whenever an event says otherwise."""
    if stands.leads_to != stands.alias and stands.by != claim.by:
        return Outcome.WEAKER if stands.by is By.CUSTOMERS else None
    return Outcome.OLDER if (claim.said_at, claim.customer) < (stands.said_at, stands.named) else None


def _shorten(links: dict[str, Link]) -> None:
    """Notes where each way ends, and cuts those that are too long."""
    for name, each in list(links.items()):
        steps = way(links, name)
        leads_to = steps[-1] if len(steps) > STEPS + 1 else each.leads_to
        links[name] = replace(each, customer=steps[-1], leads_to=leads_to)


def _displaced(links: Mapping[str, Link], customers: Collection[str]) -> list[str]:
    """Returns the names of these customers that are too many, those said longest ago."""
    names: dict[str, list[Link]] = defaultdict(list)
    ends = {way(links, each)[-1] for each in customers}
    for each in links.values():
        if each.customer in ends and each.alias != each.customer:
            names[each.customer].append(each)
    surplus = [sorted(held, key=lambda each: (each.said_at, each.alias))[: max(len(held) - MOST, 0)] for held in names.values()]
    return [each.alias for held in surplus for each in held]
