"""The ledger says what each customer must know, was told, or was not told and why."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter, itemgetter
from pathlib import Path

import asyncpg

from services.notifier.lanes import lane_of
from services.notifier.notification import ENDS, Attempt, Draft, Kind, Notification, Status
from services.notifier.store import gates
from services.notifier.store.incidents import Place
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_suffix(".sql"))

Pair = tuple[str, str]  # incident, customer

# They stand in the order of the query's parameters.
_COLUMNS = (
    *("id", "customer_id", "kind", "incident_id", "ticket_id", "ticket_number", "subject", "body"),
    *("about_at", "first_seen_at", "evidence", "cause_id", "cause_hops", "gate", "period"),
)

_AS_STORED = [field.name for field in fields(Notification) if field.name not in ("attempts", "kind", "status", "failed_at", "unknown_at")]


async def write_down(tx: Tx, drafts: Iterable[Draft]) -> None:
    """Enters what the ledger does not have yet, due now. What it has stays as it is: saying it again changes nothing.

    Customers who are new to an audience that may need approval are counted (`gates.count`).
    """
    new = {draft.id: draft for draft in reversed(list(drafts))}.values()
    if not new:
        return
    rows = await tx.fetch(queries.write_down, *(list(map(attrgetter(name), new)) for name in _COLUMNS))
    await _due(tx, rows)
    await gates.count(tx, [gates.Entered(row["ids"], row["gate"], row["round"], row["rule"]) for row in rows if row["gate"] and row["new"]])


async def _due(tx: Tx, rows: Iterable[asyncpg.Record]) -> None:
    """Makes notifications due now, each in its lane; a row says what those of its `ids` have in common."""
    lanes: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in rows:
        lane = lane_of(Kind(row["kind"]), proactive=row["proactive"], severity=row["severity"])
        lanes[lane] |= dict.fromkeys(row["ids"], row["now"])
    for lane, due in lanes.items():
        await schedule(tx, lane, due)


async def of_incident(tx: Tx, place: Place, at_most: int, *, awaiting: bool) -> tuple[list[Notification], Place | None]:
    """Returns what the next customers have in the ledger of the incident, or only what hangs on it, and from where to go on.

    So many rows at most, of whole customers, as long as no customer alone has more.
    """
    query = queries.next_awaiting if awaiting else queries.next_of_incident
    found = [notification_in(row) for row in await tx.fetch(query, place.incident_id, place.after, at_most + 1)]
    if len(found) <= at_most:
        return found, None
    whole = [each for each in found if each.customer_id != found[-1].customer_id] or found
    return whole, replace(place, after=whole[-1].customer_id)


async def unsent(tx: Tx, ids: Collection[str]) -> set[str]:
    """Returns which of these wait, and are not sent before `tx` ends."""
    return {row["id"] for row in await tx.fetch(queries.unsent, sorted(ids))} if ids else set()


async def of_incident_and_customers(tx: Tx, incident_id: str, customer_ids: Collection[str]) -> list[Notification]:
    """Returns what these customers have in the ledger of the incident, one customer after the other."""
    return [notification_in(row) for row in await tx.fetch(queries.of_incident_and_customers, incident_id, sorted(customer_ids))]


async def true_anew(tx: Tx, notification_ids: Sequence[str]) -> None:
    """Has what was suppressed because the incident had not been failing lately wait again."""
    await _due(tx, await tx.fetch(queries.true_anew, notification_ids))


async def wait_again(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Has what those customers could not be told wait again, due now."""
    await _due(tx, await tx.fetch(queries.wait_again, customer_ids))


async def try_elsewhere(tx: Tx, notification_id: str) -> None:
    """Has what came back wait again, due now, for the ways where it has not failed. A ticket's words are not kept, and stay untold."""
    await _due(tx, await tx.fetch(queries.try_elsewhere, notification_id))


async def tell_apart(tx: Tx, at: Mapping[str, datetime | None]) -> None:
    """Has each of these, which were to be told in a message with others, told in one of its own: due at that moment, or now."""
    if at:
        await _due(tx, await tx.fetch(queries.apart, *map(list, zip(*sorted(at.items(), key=itemgetter(0)), strict=True))))


async def part_from(tx: Tx, ids: Collection[str]) -> None:
    """Has all that was to be told with these told apart, now: their messages do not go out."""
    if ids:
        await tell_apart(tx, {row["id"]: None for row in await tx.fetch(queries.waiting_with, sorted(ids))})


async def take_out(tx: Tx, ids: Collection[str]) -> list[str]:
    """Notes that what these would say is over. Returns what waits, and is to be decided anew."""
    rows = await tx.fetch(queries.take_out, sorted(ids)) if ids else []
    return [row["id"] for row in rows if row["waits"]]


async def take_out_of(tx: Tx, whom: Collection[Pair]) -> list[str]:
    """Notes that incidents do not touch these customers, as people say. Returns what waits, and is to be decided anew."""
    rows = await tx.fetch(queries.take_out_of, *map(list, zip(*sorted(whom), strict=True))) if whom else []
    return [row["id"] for row in rows if row["waits"]]


async def put_back(tx: Tx, whom: Collection[Pair]) -> None:
    """Notes that people have put these customers back."""
    if whom:
        await tx.execute(queries.put_back, *map(list, zip(*sorted(whom), strict=True)))


async def told_as_of_another(tx: Tx, drafts: Collection[Draft]) -> set[str]:
    """Returns the ids of those drafts whose customer has been told as of an incident from which they were split since."""
    if not drafts:
        return set()
    columns = ([getattr(draft, name) for draft in drafts] for name in ("id", "incident_id", "customer_id"))
    return {row["id"] for row in await tx.fetch(queries.told_as_of_another, *columns)}


async def split(tx: Tx, from_ids: Sequence[str], into_id: str, customers: Sequence[str]) -> list[str]:
    """Has what customers were told of some incidents count for another one, with whose end they hear that it is over.

    Returns what waits for an approval of the audience that it belongs to no more: it is to be decided anew.
    """
    if not from_ids:
        return []
    moved = await tx.fetch(queries.split, list(from_ids), into_id, list(customers), list(ENDS))
    await gates.count(tx, [gates.Entered([row["id"]], row["gate"], row["round"], None) for row in moved if row["gate"]])
    return [row["id"] for row in moved if row["held"]]


async def last_proactive(tx: Tx, customer_id: str) -> Notification | None:
    """Returns what this customer got last without asking: whose link was most likely used."""
    row = await tx.fetchrow(queries.last_proactive, customer_id)
    return notification_in(row) if row else None


def notification_in(row: asyncpg.Record) -> Notification:
    """Returns the notification that a row describes beside whatever else it holds."""
    attempts = tuple(
        Attempt(datetime.fromisoformat(each["at"]), each["outcome"], each["reason"], each["detail"]) for each in row["attempts"]
    )
    return Notification(**{name: row[name] for name in _AS_STORED}, attempts=attempts, kind=Kind(row["kind"]), status=Status(row["status"]))
