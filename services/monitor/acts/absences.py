"""What is expected and does not come opens an incident, and ends it when it comes: the rows of `expected` say when each was heard last.

Time that passes asks what is overdue; detection says what was heard. Whoever changes incidents here locks the rows of `expected` first.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from services.monitor.acts import changing, joining
from services.monitor.acts.changing import End, Evidence, Now
from services.monitor.detectors import absence
from services.monitor.detectors.absence import Expected
from services.monitor.incidents.life import Opened, Status, behind_seconds
from services.monitor.incidents.muting import Muted, Trouble
from services.monitor.rules.absence import AbsenceRule
from services.monitor.store import expected as store
from services.monitor.store.expected import Heard, Key
from services.monitor.store.incidents import lock_incidents
from services.monitor.store.muting import mutes_of
from shared.postgres import Tx

Rules = Mapping[str, AbsenceRule]


async def expect(tx: Tx, rules: Rules, named: frozenset[str]) -> None:
    """Begins to expect events of the components that a rule names, else of the catalog's, and forgets what no rule expects any more.

    An open incident of what is forgotten is withdrawn: nothing will end it.
    """
    fingerprints = {rule.id: rule.fingerprint for rule in rules.values()}
    keys = [(rule.id, component) for rule in rules.values() for component in sorted(rule.only or named)]
    gone = await store.drop_others(tx, keys, fingerprints)
    if keys:
        await store.expect(tx, keys, fingerprints)
    now: datetime = await tx.fetchval("SELECT clock()")
    for incident in sorted(await store.open_of(tx, gone)):
        await changing.end(tx, incident, End(Status.WITHDRAWN, now, "rule_changed"), now)


async def open_overdue(tx: Tx, rules: Rules, parents: Mapping[str, Collection[str]] | None = None) -> None:
    """Opens an incident for each expected event that is overdue by what has been read. What is behind takes nothing for absent.

    `parents`: what each component hangs on. An absence that is muted is looked at again the next time.
    """
    read_to = await store.read_to(tx)
    overdue = await store.lock_overdue(tx, {rule.id: rule.waits for rule in rules.values()}, read_to) if read_to else []
    if not overdue or read_to is None:
        return
    now = await tx.fetchval("SELECT clock()")
    already = set((await store.open_of(tx, [(each.rule, each.component) for each in overdue])).values())
    mutes, muted = await mutes_of(tx, {each.component for each in overdue}, read_to, parents or {}), list[Muted]()
    for each in overdue:
        found = absence.judge(rules[each.rule], each, read_to)
        if found is None or (each.rule, each.component) in already:
            continue
        opened = Opened(found.incident_id, found.due_at.timestamp(), found.why)
        trouble = Trouble(each.rule, each.component, read_to)
        if (by := mutes.of(trouble)) is not None:
            muted.append(Muted.of(by, rules[each.rule], opened, trouble))
            continue
        await changing.open_incident(
            tx, rules[each.rule], each.component, opened, read_to.timestamp(), Now(now, behind_seconds(now, read_to))
        )
    await joining.note_muted(tx, muted)
    waiting = {(each.rule, each.component) for each in muted}
    await store.note_missed(tx, [key for each in overdue if (key := (each.rule, each.component)) not in waiting])


async def hear(tx: Tx, rules: Rules, heard: Mapping[Key, Heard]) -> None:
    """Notes what was heard, and ends the incidents of what had been missing. What was heard before changes nothing."""
    fingerprints = {rule.id: rule.fingerprint for rule in rules.values()}
    known = await store.lock_heard(tx, heard, fingerprints)
    new = {key: each for key, each in heard.items() if _is_new(known.get(key), each)}
    if not new:
        return
    await store.hear(tx, new, fingerprints)
    missing, now = await store.open_of(tx, new), await tx.fetchval("SELECT clock()")
    for row in (await lock_incidents(tx, missing)).values():
        key = row.rule, row.component
        at, before = new[key].at, known.get(key)
        why = absence.figures(rules[row.rule], before, at - before.last) if before else row.why
        shown = Evidence(why, at.timestamp(), row.behind_seconds)
        await changing.end(tx, row.id, End(Status.RESOLVED, at, "the expected event came", evidence=shown), now)


def _is_new(known: Expected | None, heard: Heard) -> bool:
    return known is None or known.heard_at is None or heard.at > known.heard_at
