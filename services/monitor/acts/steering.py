"""People steer an incident that is open: they take it, tell customers how it stands, correct it, merge it into another, and split it.

Each act is one transaction: the incident's row is changed under its lock, gets the next revision, and the fact is said. An act that
names customers changes their rows before the incident's, as the fold does, so that neither waits for the other for ever.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from services.monitor import facts
from services.monitor.acts.changing import go_on
from services.monitor.incidents.life import IncidentRow, Status, before
from services.monitor.incidents.story import PublicWords, Step, StepKind
from services.monitor.store import impact, steps
from services.monitor.store.incidents import incident, incident_of, lock_incidents, lock_standing, queries
from shared.events import PublicUpdate, Severity, identity
from shared.outbox import say
from shared.postgres import Tx

PARTS_MOST = 10_000  # customers that are split off with what was merged
MERGED_MOST = 999  # of what was merged into an incident, so many hear that it is split


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and when."""

    name: str
    at: datetime  # on the database's clock
    note: str = ""  # their words, for operators


async def acknowledge(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
    """Has a person take an open incident. None when somebody has it already, or it is over."""
    row = await incident(tx, queries.acknowledge_incident, incident_id, who.name, who.at, before(Status.ACKNOWLEDGED))
    if row is not None:
        await go_on(tx, row, Step(StepKind.ACKNOWLEDGED, who.name, who.note), who.at, row.affected)
    return row


async def publish(tx: Tx, incident_id: str, public: PublicWords, who: Person) -> IncidentRow | None:
    """Keeps what a person says to customers. None when the incident is over."""
    said = PublicUpdate(**asdict(public), at=who.at, by=who.name).model_dump(mode="json")
    row = await incident(tx, queries.publish_update, incident_id, said)
    if row is not None:
        words = {name: value for name, value in said.items() if value and name not in ("at", "by")}
        await go_on(tx, row, Step(StepKind.UPDATED, who.name, who.note, words), who.at, row.affected)
    return row


async def change_severity(tx: Tx, incident_id: str, severity: Severity, who: Person) -> IncidentRow | None:
    """Has an incident be as bad as a person says. None when it is that bad already, or over."""
    known = (await lock_incidents(tx, [incident_id])).get(incident_id)
    row = await incident(tx, queries.change_severity, incident_id, severity, who.name)
    if row is not None and known is not None:
        step = Step(StepKind.SEVERITY, who.name, who.note, {"from": known.severity, "to": severity})
        await go_on(tx, row, step, who.at, row.affected)
    return row


async def add_customers(tx: Tx, incident_id: str, customers: Collection[str], who: Person) -> IncidentRow | None:
    """Has an incident touch these customers. None when it is over. Nothing is said when it touches all of them for certain already."""
    news, difference = await impact.add(tx, incident_id, customers, impact.Said(who.name, who.note, who.at))
    row = await _touch(tx, incident_id, difference, Step(StepKind.ADDED, who.name, who.note, {"customers": len(news)}), who)
    if row is not None:
        await say(tx, *facts.impact_of_people(row, who.at, added=news))
    return row


async def remove_customers(tx: Tx, incident_id: str, customers: Collection[str], who: Person) -> IncidentRow | None:
    """Has an incident touch these customers no more, whatever events say: they are told nothing more of it. None when it is over."""
    difference = await impact.take_out(tx, incident_id, customers, impact.Said(who.name, who.note, who.at))
    said = {"customers": len(difference.customers)}
    row = await _touch(tx, incident_id, difference, Step(StepKind.REMOVED, who.name, who.note, said), who)
    if row is not None:
        await say(tx, *facts.impact_of_people(row, who.at, removed=sorted(difference.customers)))
    return row


async def _touch(tx: Tx, incident_id: str, difference: impact.Difference, step: Step, who: Person) -> IncidentRow | None:
    if not difference.customers:
        row = (await lock_incidents(tx, [incident_id])).get(incident_id)
        return row if row is not None and row.open else None
    row = await incident(tx, queries.touch_more, incident_id, difference.affected, difference.likely)
    if row is not None:
        await impact.note_step(tx, incident_id, difference.customers, row.revision)
        await go_on(tx, row, step, who.at, row.affected)
    return row


async def merge(tx: Tx, incident_id: str, into_id: str, who: Person) -> IncidentRow | None:
    """Has an incident be the same trouble as another. None when one of the two is not open.

    The other touches its customers, and those of whom events of its rule and component tell from now on. Nobody is told of that: who was
    told of the one hears of its end when the other ends. What was merged into the one before belongs to the other, too.
    """
    found = await impact.merge(tx, incident_id, into_id)
    await lock_standing(tx, [incident_id, into_id])
    merged = await incident(tx, queries.merge_incident, incident_id, into_id, who.name, who.note, None)
    into = await incident(tx, queries.touch_more, into_id, found.affected, found.likely)
    if merged is None or into is None:
        return None
    await tx.execute(queries.follow_merged, incident_id, into_id)
    await go_on(tx, merged, Step(StepKind.MERGED, who.name, who.note, {"into": into_id}), who.at, merged.affected)
    absorbed = {"incident": incident_id, "title": merged.title, "customers": found.affected}
    await go_on(tx, into, Step(StepKind.ABSORBED, who.name, who.note, absorbed), who.at, into.affected)
    return merged


@dataclass(frozen=True, slots=True)
class Parts:
    """What was merged into an incident, and whom it touches of them."""

    ids: Sequence[str]
    customers: Collection[str]


async def parts_of(tx: Tx, incident_id: str, components: Sequence[str], rules: Sequence[str]) -> Parts:
    """Returns the incidents of these components and rules that were merged into this one, and PARTS_MOST + 1 customers at most.

    Where no components are named, those of all count, and so do rules.
    """
    ids = [row["id"] for row in await tx.fetch(queries.parts_of, incident_id, list(components), list(rules))]
    rows = await tx.fetch(queries.touched_by, incident_id, ids, PARTS_MOST + 1) if ids else []
    return Parts(ids, [row["customer_id"] for row in rows])


async def split_parts(tx: Tx, incident_id: str, parts: Parts, title: str | None, who: Person) -> IncidentRow | None:
    """Splits what was merged into an incident off again: whom it alone found, and finds from now on, the new one touches.

    It ends with the new one. Who has the trouble of both stays with the first one. None as of `split`.
    """
    new = await split(tx, incident_id, parts.customers, title, who, of=parts.ids[0])
    rows = await tx.fetch(queries.follow_split, list(parts.ids), new.id) if new is not None else []
    for part in map(incident_of, rows):
        if part.ended_at is not None:
            continue  # it belonged to the other as soon as it was found: nobody has heard of it
        await go_on(tx, part, Step(StepKind.MERGED, who.name, who.note, {"into": part.merged_into}), who.at, part.affected)
    return new


async def split(
    tx: Tx, incident_id: str, customers: Collection[str], title: str | None, who: Person, *, of: str | None = None
) -> IncidentRow | None:
    """Has customers of an incident be touched by a new one instead, which it returns. None when it is not open, or touches none of them.

    Nobody is told of that: what they were told of the one counts for the other, with whose end they hear that it is over. No rule judges
    the new one, since the rule cannot tell their trouble from that of the others: a person ends it. `of`: what was merged into the one, and
    whose rule, component and title the new one has.
    """
    said = impact.Said(who.name, who.note, who.at)
    taken = await impact.take_out(tx, incident_id, customers, said)
    await lock_standing(tx, [incident_id])
    left = await incident(tx, queries.touch_more, incident_id, taken.affected, taken.likely) if taken.customers else None
    if left is None:
        return None
    await impact.note_step(tx, incident_id, taken.customers, left.revision)
    new_id = identity("incident", incident_id, "split", left.revision)
    new = await incident(tx, queries.split_incident, incident_id, new_id, title, who.at, -taken.affected, -taken.likely, of)
    assert new is not None  # noqa: S101  it was open, and is locked
    theirs = await impact.split(tx, incident_id, new_id, taken.customers, said)
    await impact.note_step(tx, new_id, taken.customers, new.revision)
    told = {"into": new_id, "title": new.title, "customers": len(theirs)}
    await go_on(tx, left, Step(StepKind.SPLIT, who.name, who.note, told), who.at, left.affected)
    await steps.add(tx, new, Step(StepKind.OPENED, who.name, who.note, {"split_from": incident_id, "customers": len(theirs)}), who.at)
    await say(tx, facts.opened(new, who.at))
    merged = [row["id"] for row in await tx.fetch(queries.merged_ids, incident_id, MERGED_MOST)]
    await say(tx, *facts.split(new, [incident_id, *merged], theirs, who.at))
    return new
