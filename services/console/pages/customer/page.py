"""Draws a customer, and does what a person asks for about them: preferences, addresses, an export, an erasure."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import done_at, perform, perform_here, texts_of
from services.console.frame.drawing import draw
from services.console.live.changes import customer_key
from services.console.pages.customer.exporting import exported
from services.console.pages.customer.reach import reach
from services.console.sessions.roles import Role
from services.console.sessions.signed import Signed, allow, signed_of
from services.console.store.moments import rows
from shared.answers import Cursor
from shared.api import Db, Problem, cursor_of, timed_position
from shared.connecting.brokers import brokers_of
from shared.erasing import digest
from shared.outgoing import erasure
from shared.postgres import Database, Queries

queries = Queries(Path(__file__).with_name("queries.sql"))

router = APIRouter()

ROWS = 50
SOON_S = 1.5  # for what is shown beside the read model
CHOICES: Mapping[str, bool | None] = {"yes": True, "no": False, "": None}

CustomerId = Annotated[str, InPath(min_length=1, max_length=512, pattern="^[^\x00]+$")]
Viewer = Annotated[Signed, allow(Role.VIEWER)]


@router.get("/customers/{customer_id:path}")
async def show(request: Request, database: Db, _: Viewer, customer_id: CustomerId, cursor: Cursor = None) -> Response:
    """Shows the customer."""
    return await _drawn(request, database, customer_id, cursor=cursor)


@router.post("/customers/{customer_id:path}/preferences", dependencies=[allow(Role.AGENT)])
async def choose(request: Request, database: Db, customer_id: CustomerId) -> Response:
    """Sets what the customer chose, as they told an agent."""
    typed = await texts_of(request)
    body = {name: CHOICES.get(typed.get(name, "")) for name in ("incident", "guidance")}
    outcome = await perform(
        request, "customer.preferences", where={"customer_id": customer_id}, body=body, subject=f"customer:{customer_id}"
    )
    return await _answered(request, database, customer_id, outcome)


@router.post("/customers/{customer_id:path}/clear-mark", dependencies=[allow(Role.OPERATOR)])
async def clear(request: Request, database: Db, customer_id: CustomerId) -> Response:
    """Lets an address be tried again that a provider called unknown."""
    typed = await texts_of(request)
    body = {"address": typed.get("address", ""), "reason": typed.get("reason", "")}
    outcome = await perform(
        request, "customer.clear_mark", where={"customer_id": customer_id}, body=body, subject=f"customer:{customer_id}"
    )
    return await _answered(request, database, customer_id, outcome)


@router.post("/customers/{customer_id:path}/export")
async def export(request: Request, database: Db, signed: Annotated[Signed, allow(Role.LEAD)], customer_id: CustomerId) -> Response:
    """Gives out all that is held of the customer, which the audit log has before the first byte leaves."""

    async def noted(_: str) -> Done:
        return Done()

    outcome = await perform_here(request, "customer.export", noted, subject=f"customer:{customer_id}")
    if isinstance(outcome, Refused):
        return await _answered(request, database, customer_id, outcome)
    owners: Owners = request.app.state.owners
    headers = {"Content-Disposition": 'attachment; filename="customer.json"', "Cache-Control": "no-store"}
    return StreamingResponse(exported(owners, database, customer_id, signed.person), 200, headers, "application/json")


@router.post("/customers/{customer_id:path}/erase", dependencies=[allow(Role.OPERATOR)])
async def erase(request: Request, database: Db, customer_id: CustomerId) -> Response:
    """Has every service erase the customer, once the id is typed again. The audit log has a digest of the id."""
    if (await texts_of(request)).get("confirm") != customer_id:
        return await _answered(request, database, customer_id, Refused(422, "That is not the id: nothing was erased."))

    async def publish(form_id: str) -> Done | Refused:
        return await _published(request, database, customer_id, form_id)

    outcome = await perform_here(request, "customer.erase", publish, subject=f"customer:sha256:{digest(customer_id).hex()}")
    return await _answered(request, database, customer_id, outcome)


async def _published(request: Request, database: Database, customer_id: str, form_id: str) -> Done | Refused:
    async with database.connection() as tx:
        row = await tx.fetchrow(queries.customer, customer_id, digest(customer_id))
    before = [row["erased_at"]] if row and row["erased_at"] else []
    try:
        fact = erasure.asked(customer_id, "requested", datetime.now(UTC), before)  # noqa: TID251  the edge
        await erasure.publish(brokers_of(request.app.state.settings), fact)
    except ValueError as error:
        return Refused(422, f"{error}.")
    except (KafkaError, TimeoutError):
        return Refused(503, "Kafka cannot be reached, so it is not known whether this was done. Send it again.", {}, form_id)
    async with database.transaction() as tx:
        await tx.execute(queries.going, digest(customer_id), form_id, signed_of(request).person)
    return Done()


async def _answered(request: Request, database: Database, customer_id: str, outcome: Done | Refused) -> Response:
    if isinstance(outcome, Done):
        return done_at(request, f"/customers/{quote(customer_id, safe='')}")
    return await _drawn(request, database, customer_id, refused=outcome)


async def _drawn(
    request: Request, database: Database, customer_id: str, *, cursor: str | None = None, refused: Refused | None = None
) -> Response:
    place = timed_position(cursor)
    asking = asyncio.create_task(_asked(request, customer_id))
    try:
        async with database.connection() as tx:
            [customer] = await tx.fetch(queries.customer, customer_id, digest(customer_id))
            found = await tx.fetch(queries.happened_to_customer, customer_id, *place, ROWS + 1)
        chosen, marked = await asking
    finally:
        asking.cancel()
    if not customer["is_known"] and (customer["erased_at"] or not customer["is_going"]):
        raise Problem(404, "this customer was erased" if customer["erased_at"] else "nothing is known of this customer")
    contacts = [_contact(each) for each in (marked if marked is not None else customer["contacts"])]
    last = found[ROWS - 1] if len(found) > ROWS else None
    return draw(
        request,
        "customer/page.html",
        status=refused.status if refused else 200,
        live=(customer_key(customer_id),),
        id=customer_id,
        customer=customer,
        contacts=contacts,
        chosen=chosen,
        reach=reach(contacts, customer["consent"], chosen),
        risks=rows(customer["risks"]),
        happened=found[:ROWS],
        next=cursor_of(f"{last['at'].isoformat()} {last['id']}") if last else None,
        refused=refused,
    )


async def _asked(request: Request, customer_id: str) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]] | None]:
    """Returns what the customer chose and their addresses with marks, as notifier says now; None each when it does not answer."""
    owners: Owners = request.app.state.owners
    person, path = signed_of(request).person, f"/v1/customers/{quote(customer_id, safe='')}"
    chosen, contacts = await asyncio.gather(
        *(owners.ask(Owner.NOTIFIER, "GET", path + part, person=person, within=SOON_S) for part in ("/preferences", "/contacts"))
    )
    items = contacts.answer.get("items") if isinstance(contacts, Done) else None
    return (chosen.answer if isinstance(chosen, Done) else None), items


def _contact(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns an address with the moment of its mark read."""
    since = said.get("since")
    return {**said, "since": datetime.fromisoformat(since) if isinstance(since, str) else None}
