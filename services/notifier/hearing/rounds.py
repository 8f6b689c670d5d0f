"""The facts of one batch are put in an order that the database can take."""

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from shared.events import Fact

AnyFact = TypeVar("AnyFact", bound=Fact)


def rounds_of(facts: Iterable[AnyFact]) -> list[list[AnyFact]]:
    """Cuts facts into rounds with at most one fact about a subject each: one statement cannot compare a row with itself twice."""
    rounds: list[list[AnyFact]] = []
    before: Counter[str] = Counter()
    for fact in facts:
        if before[fact.subject] == len(rounds):
            rounds.append([])
        rounds[before[fact.subject]].append(fact)
        before[fact.subject] += 1
    return rounds
