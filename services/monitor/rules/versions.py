"""Each rule has a version, a hash of all that it says; two rules files are compared by it. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from services.monitor.rules.file import Rule, RulesFile


class Change(StrEnum):
    """What becomes of a rule when its file is read anew."""

    SAME = "same"
    NEW = "new"
    JUDGES_OTHERWISE = "judges_otherwise"  # what is counted stays as it is, and so does what was counted
    COUNTS_ANEW = "counts_anew"  # it counts something else: its open incidents are withdrawn, and it begins from nothing
    GONE = "gone"  # its open incidents are withdrawn


@dataclass(frozen=True, slots=True)
class Compared:
    """One rule of two files."""

    id: str
    detector: str
    version: str
    change: Change


def version_of(file: RulesFile) -> str:
    """Returns the version of the whole file: the same for two files that say the same."""
    grouping = [f"grouping {file.grouping.total_seconds()}"] if file.grouping else []  # of a file without it the version stays
    said = [file.horizon.total_seconds(), *grouping, *(rule.version for rule in file.rules)]
    return sha256(json.dumps(said).encode()).hexdigest()[:12]


def compared(old: RulesFile, new: RulesFile) -> Iterator[Compared]:
    """Yields the new file's rules in their order, then those that are gone."""
    known = {rule.id: rule for rule in old.rules}
    for rule in new.rules:
        yield Compared(rule.id, rule.detector, rule.version, _change(known.pop(rule.id, None), rule))
    for rule in known.values():
        yield Compared(rule.id, rule.detector, rule.version, Change.GONE)


def _change(old: Rule | None, new: Rule) -> Change:
    if old is None:
        return Change.NEW
    if old.fingerprint != new.fingerprint:
        return Change.COUNTS_ANEW
    return Change.SAME if old.version == new.version else Change.JUDGES_OTHERWISE
