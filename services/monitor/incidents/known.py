"""The incidents whose customers one process looks for, kept between checkpoints by what changed, however many there are. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.monitor.fold.reports import shard_of

Key = tuple[str, str]  # rule, component


@dataclass(frozen=True, slots=True)
class RecentIncident:
    """The part of an incident that a folding instance must know."""

    id: str
    rule: str
    component: str
    started_at: datetime
    resolved_at: datetime | None  # when it ended; None while it is open
    opened_at: datetime
    touches: bool = True  # it is open, or events have shown it to be over; one withdrawn or dismissed touches nobody more
    shadow: bool = False  # of a rule on trial: whom it touches is written down, and nobody is told
    merged_into: str | None = None  # the incident that touches its customers instead
    split_from: str | None = None  # the incident that a person took its customers from: it touches nobody more

    @property
    def touching(self) -> str:
        """Returns the id of the incident that touches whom this one finds."""
        return self.merged_into or self.id

    @property
    def key(self) -> Key:
        return self.rule, self.component


class Moved(NamedTuple):
    """What has changed since the last checkpoint."""

    fresh: Sequence[RecentIncident]  # incidents that are new, or other than they were
    gone: Sequence[str]  # ids of those that are let go
    waits: frozenset[Key]  # components that have an open incident now, and had none
    rests: frozenset[Key]  # and those that have none any more


@dataclass(slots=True)
class Known:
    """The open incidents, and of those that events have shown to be over those that opened so shortly ago."""

    waiting: dict[str, set[str]] = field(default_factory=dict)  # rule → the components that have an open incident of it
    shards: Counter[int] = field(default_factory=Counter)  # in how many of its components each shard has open incidents
    _of: dict[Key, dict[str, RecentIncident]] = field(default_factory=dict)
    _keys: dict[str, Key] = field(default_factory=dict)  # by id
    _over: dict[str, datetime] = field(default_factory=dict)  # ids of those that are over → when they opened
    _others: dict[str, RecentIncident] = field(default_factory=dict)  # by id

    @property
    def of(self) -> Mapping[Key, Mapping[str, RecentIncident]]:
        """Returns the incidents by rule and component, and by their id."""
        return self._of

    def take(self, changed: Sequence[RecentIncident], oldest: datetime, others: Sequence[RecentIncident] = ()) -> Moved:
        """Takes incidents as they are by now, and lets go of those that are over and opened no later than `oldest`.

        `others`: all there are by now of those whose customers another one touches: they were merged into it, or their rule joined it.
        """
        before_others, self._others = self._others, {each.id: each for each in others}
        changed = [each for each in changed if each.id not in self._others]
        changed += [each for id_, each in self._others.items() if before_others.get(id_) != each]
        ids = {each.id for each in changed} | before_others.keys() - self._others.keys()
        ids |= {id_ for id_, opened_at in self._over.items() if opened_at <= oldest}
        at = {self._keys[id_] for id_ in ids if id_ in self._keys} | {each.key for each in changed}
        before = self._waiting_of(at)
        for id_ in ids:
            self._drop(id_)
        fresh = [each for each in changed if each.touches and (each.resolved_at is None or each.opened_at > oldest)]
        for each in fresh:
            self._put(each)
        after = self._waiting_of(at)
        self._wait(after - before, before - after)
        return Moved(fresh, [id_ for id_ in ids if id_ not in self._keys], after - before, before - after)

    def _waiting_of(self, at: Iterable[Key]) -> frozenset[Key]:
        return frozenset(key for key in at if any(each.resolved_at is None for each in self._of.get(key, {}).values()))

    def _drop(self, id_: str) -> None:
        self._over.pop(id_, None)
        if (key := self._keys.pop(id_, None)) is not None:
            del self._of[key][id_]
            if not self._of[key]:
                del self._of[key]

    def _put(self, incident: RecentIncident) -> None:
        self._keys[incident.id] = incident.key
        self._of.setdefault(incident.key, {})[incident.id] = incident
        if incident.resolved_at is not None:
            self._over[incident.id] = incident.opened_at

    def _wait(self, more: Iterable[Key], less: Iterable[Key]) -> None:
        for rule, component in more:
            self.waiting.setdefault(rule, set()).add(component)
            self.shards[shard_of(component)] += 1
        for rule, component in less:
            self.waiting[rule].remove(component)
            self.shards[shard_of(component)] -= 1
