"""Whose a name is: what events say of it, what claims make of it, and where an event goes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from services.monitor.aliases.claims import IDENTIFIED, By, Claim, claims_of
from services.monitor.aliases.edges import Edges
from services.monitor.aliases.linking import MOST, RENEWED, Link, Outcome, link, release
from services.monitor.fold.moving import let_go, take_in
from tests.builders import event
from tests.unit.monitor.builders import LATER, folded, request, rule

NOW = 1_764_000_000.0


@pytest.mark.parametrize(
    ("type_", "data", "names"),
    [
        ("com.segment.identify", {"anonymousId": "anon"}, ["anon"]),
        ("com.segment.identify", {"anonymous_id": "anon", "user_id": "c-1"}, ["anon"]),
        ("com.segment.alias", {"previousId": "old"}, ["old"]),
        ("com.segment.alias", {"previous_id": 17}, ["17"]),
        (IDENTIFIED, {"aliases": ["login", "ada@example.org"], "alias": "B-17"}, ["B-17", "login", "ada@example.org"]),
        (IDENTIFIED, {"aliases": ["", " ", "null", "Undefined", "0", "c-1", "a\u2028b", "x" * 256, True, 1.5, {"a": 1}]}, []),
        ("com.segment.track", {"anonymousId": "anon"}, []),
    ],
)
def test_what_an_event_says_of_names(type_: str, data: Any, names: list[str]) -> None:
    said = event("e", type_=type_, subject="c-1", at=datetime.fromtimestamp(NOW, UTC), data=data)
    assert list(claims_of([said], NOW + 1)) == [Claim(name, "c-1", NOW, By.EVENTS) for name in names]


def test_a_claim_from_the_future_is_made_now_and_one_of_nobody_is_none() -> None:
    ahead = event("e", type_=IDENTIFIED, subject="c-1", at=datetime.fromtimestamp(NOW + 60, UTC), data={"alias": "login"})
    assert [claim.said_at for claim in claims_of([ahead], NOW)] == [NOW]
    nobody = [event("e", type_=IDENTIFIED, subject=who, data={"alias": "login"}) for who in (None, "undefined")]
    assert list(claims_of(nobody, LATER)) == []


def claim(alias: str, customer: str, at: float, by: By = By.EVENTS) -> Claim:
    return Claim(alias, customer, at, by)


def known(*claims: Claim) -> dict[str, Link]:
    """Returns what claims make that come one by one."""
    links: dict[str, Link] = {}
    for each in claims:
        links |= link(links, [each]).changed
    return links


def whose(links: Mapping[str, Link]) -> dict[str, str]:
    return {name: each.customer for name, each in links.items()}


@pytest.mark.parametrize(
    ("before", "said", "outcome", "after"),
    [
        ([], claim("a", "c", 1), Outcome.NEW, {"a": "c"}),
        ([claim("a", "c", 1)], claim("a", "c", 2), Outcome.KNOWN, {"a": "c"}),
        ([claim("a", "c", 1)], claim("a", "d", 2), Outcome.MOVED, {"a": "d"}),
        ([claim("a", "c", 2)], claim("a", "d", 1), Outcome.OLDER, {"a": "c"}),
        ([claim("a", "c", 1)], claim("a", "d", 1), Outcome.MOVED, {"a": "d"}),  # at once: the greater id, in whatever order
        ([claim("a", "d", 1)], claim("a", "c", 1), Outcome.OLDER, {"a": "d"}),
        ([claim("a", "b", 1)], claim("b", "c", 2), Outcome.NEW, {"a": "c", "b": "c"}),
        ([claim("b", "c", 1)], claim("a", "b", 2), Outcome.NEW, {"a": "c", "b": "c"}),
        ([claim("a", "b", 1)], claim("b", "a", 2), Outcome.CYCLE, {"a": "b"}),
        ([claim("a", "b", 1), claim("b", "c", 2)], claim("c", "a", 3), Outcome.CYCLE, {"a": "c", "b": "c"}),
        ([claim("a", "b", 1), claim("b", "c", 2)], claim("b", "d", 3), Outcome.MOVED, {"a": "d", "b": "d"}),
        ([], claim("a", "a", 1), Outcome.CYCLE, {}),
        ([claim("a", "c", 1, By.CUSTOMERS)], claim("a", "d", 2), Outcome.WEAKER, {"a": "c"}),
        ([claim("a", "c", 1, By.CUSTOMERS)], claim("a", "d", 2, By.CUSTOMERS), Outcome.MOVED, {"a": "d"}),
        ([claim("a", "c", 2)], claim("a", "d", 1, By.CUSTOMERS), Outcome.MOVED, {"a": "d"}),
    ],
)
def test_what_a_claim_makes_of_what_is_known(before: list[Claim], said: Claim, outcome: Outcome, after: dict[str, str]) -> None:
    links = known(*before)
    decided = link(links, [said])
    assert {each for each, count in decided.outcomes.items() if count} == {outcome}
    assert whose(links | decided.changed) == after


def test_claims_of_one_batch_come_to_the_same_in_any_order() -> None:
    claims = [claim("a", "b", 1), claim("b", "c", 2), claim("b", "d", 3), claim("x", "a", 4)]
    assert {tuple(sorted(whose(link({}, each).changed).items())) for each in permutations(claims)} == {(("a", "d"), ("b", "d"), ("x", "d"))}


def test_a_claim_that_is_said_again_is_stored_anew_once_a_day() -> None:
    links = known(claim("a", "c", 1))
    assert link(links, [claim("a", "c", 2)]).changed == {}
    assert link(links, [claim("a", "c", 1 + RENEWED)]).changed["a"].said_at == 1 + RENEWED


def test_what_customers_v1_said_it_has_said_whatever_events_say_too() -> None:
    links = known(claim("a", "c", 1), claim("a", "c", 2, By.CUSTOMERS), claim("a", "c", 3))
    assert (links["a"].by, links["a"].said_at) == (By.CUSTOMERS, 2)
    [free] = release(links, {"a": 5.0})
    assert [whose({"a": free} | link({"a": free}, [claim("a", "d", at)]).changed)["a"] for at in (4, 6)] == ["a", "d"]


def test_a_name_that_changed_hands_leads_events_of_before_to_whose_it_was() -> None:
    moved = known(claim("a", "c", 1), claim("a", "d", 10))["a"]
    [free] = release({"a": moved}, {"a": 20.0})
    assert ((moved.since, moved.before), (free.customer, free.before)) == ((10.0, "c"), ("a", "d"))
    edges = Edges(9)
    edges.put("a", moved.leads_to, moved.since, moved.before)
    assert [edges.next("a", at) for at in (9.9, 10.0)] == ["c", "d"]
    edges.put("a", free.leads_to, free.since, free.before)
    assert [edges.next("a", at) for at in (19.9, 20.0)] == ["d", None]
    assert edges.next("b", 20.0) is None


def test_a_customer_has_so_many_names_and_the_one_said_longest_ago_makes_room() -> None:
    links = known(*(claim(f"a-{number}", "c", number) for number in range(MOST)))
    decided = link(links, [claim("new", "c", MOST)])
    assert (decided.displaced, decided.outcomes[Outcome.DISPLACED]) == (["a-0"], 1)
    assert link(links, [claim("a-1", "c", MOST)]).displaced == []


def test_a_process_remembers_so_many_names_those_said_last() -> None:
    edges = Edges(2)
    for name in ("a", "b", "a", "c"):
        edges.put(name, "c-1", 0.0, "")
    assert list(edges.of) == ["a", "c"]


def test_no_way_has_more_than_two_steps() -> None:
    links = known(*(claim(f"n-{number}", f"n-{number + 1}", number) for number in range(4)))
    assert {name: (each.leads_to, each.customer) for name, each in links.items()} == {
        "n-0": ("n-3", "n-4"),
        "n-1": ("n-4", "n-4"),
        "n-2": ("n-3", "n-4"),
        "n-3": ("n-4", "n-4"),
    }


@pytest.mark.parametrize(("at", "count"), [(10, 4), (100, 2)])  # beyond the window it is a streak of its own
def test_what_was_counted_under_a_name_counts_for_the_customer_once(at: float, count: int) -> None:
    by = rule(impact={"at_least": 1})
    one = folded(*(request(second, ok=False, customer="anon") for second in (at, at + 1)), by=by)
    two = folded(*(request(second, ok=False, customer="c-1") for second in (5, 6)), by=by)
    held = let_go(one, {"anon", "c-9"})
    assert let_go(one, {"anon"}) == {}
    take_in(two, "c-1", held["anon"])
    [tally] = [tally for watch in two.watches.values() for _, tally in watch.affected("checkout", None, 0.0, LATER)]
    assert tally.count == count
    distinct = [
        sum(cell.customers for bucket in watch.buckets.of.values() for cell in bucket.values())
        for each in (one, two)
        for watch in each.watches.values()
    ]
    assert distinct == [0, 1]
