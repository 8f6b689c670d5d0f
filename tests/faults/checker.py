"""Every event is accounted for, by its id: produced = processed + dead letters, and nothing twice."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """The account of the events that were produced."""

    produced: int
    processed: int  # distinct ids
    dead_lettered: int  # distinct ids
    lost: int  # neither processed nor put aside
    twice: int  # processed again, put aside again, or both processed and put aside
    strange: int = 0  # processed or put aside, and never produced

    @property
    def balanced(self) -> bool:
        return not (self.lost or self.twice or self.strange)


def account(produced: Iterable[str], processed: Iterable[str], dead: Iterable[str] = ()) -> Account:
    """Balances the ids that went in against the ids that came out; an id counts as often as it is given."""
    asked, done, aside = set(produced), Counter(processed), Counter(dead)
    return Account(
        produced=len(asked),
        processed=len(done),
        dead_lettered=len(aside),
        lost=len(asked - done.keys() - aside.keys()),
        twice=done.total() - len(done) + aside.total() - len(aside) + len(done.keys() & aside.keys()),
        strange=len((done.keys() | aside.keys()) - asked),
    )
