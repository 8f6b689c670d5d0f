"""Operators register, rotate, enable, replay and delete the endpoints of customers' own systems; agents read them."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.endpoint import LONGEST_URL, OVERLAP, Disabled, Endpoint, url_trouble
from services.notifier.hearing.addresses import contacts_changed
from services.notifier.store import directory, endpoints
from services.notifier.store.endpoints import endpoint_in, queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Db, IdempotencyKey, Problem, Role, allow, once, position_of
from shared.erasing import erased_at, hold
from shared.postgres import Database, Tx
from shared.webhooks.calling import Answer

MOST = 5  # endpoints of one customer
NONE: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such endpoint"}}
NOT_TAKEN: dict[int | str, dict[str, Any]] = {
    422: {"description": "no endpoint can have this URL, or it did not take the signed test call"}
}
REFUSED: dict[int | str, dict[str, Any]] = {
    **NOT_TAKEN,
    404: {"description": "the directory does not know this customer"},
    409: {"description": "the customer is erased, or has this endpoint, or five; or FOREWARN_WEBHOOK_SECRET is not set"},
}


class EndpointView(BaseModel):
    """One endpoint, without its secret."""

    id: str
    customer_id: str
    url: str
    registered_at: datetime
    generation: int  # of its secret
    rotated_at: datetime | None
    failures: int  # calls in a row that were not taken
    failing_since: datetime | None
    last_failure: str
    disabled_at: datetime | None  # set: it is not called
    disabled_why: Disabled | None


class WithSecret(EndpointView):
    """One endpoint with its secret, which is shown now and not again."""

    secret: str
    old_valid_until: datetime | None  # until then the secret before it signs, too


class Registration(Body):
    """Says whose endpoint is to be registered, and where it is."""

    customer_id: Name
    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]


class Since(Body):
    """Says from which moment on messages are sent again."""

    since: AwareDatetime


class Replayed(BaseModel):
    """Says how many messages are sent again."""

    messages: int


router = APIRouter(prefix="/v1/endpoints", tags=["notifier"])


@router.get("", dependencies=[allow(Role.AGENT)])
async def list_endpoints(
    database: Db, customer_id: Name | None = None, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Page[EndpointView]:
    """Returns endpoints of one customer, or of all."""
    async with database.transaction() as tx:
        found = customer_id, position_of(cursor)
        return await page_of(tx, queries.endpoints, *found, limit=limit, view=_view, position=lambda item: item.id)


@router.get("/disabled", dependencies=[allow(Role.AGENT)])
async def list_disabled(database: Db, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Page[EndpointView]:
    """Returns the endpoints that are not called, and why; `POST /v1/endpoints/{endpoint_id}/enable` has one called again."""
    async with database.transaction() as tx:
        after = position_of(cursor)
        return await page_of(tx, queries.disabled_endpoints, after, limit=limit, view=_view, position=lambda item: item.id)


@router.post("/{endpoint_id}/replay", response_model=Replayed, responses=NONE, dependencies=[allow(Role.OPERATOR)])
async def replay(endpoint_id: Name, said: Since, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
    """Sends again what an endpoint has missed since a moment, each message with the same webhook-id: 10,000 at most."""

    async def act(tx: Tx) -> Replayed:
        endpoint = _found(await tx.fetchrow(queries.endpoint, endpoint_id))
        if endpoint.disabled_at is not None:
            raise Problem(409, "the endpoint is disabled: enable it first")
        return Replayed(messages=await endpoints.replay(tx, endpoint_id, said.since))

    return await once(request, database, key, act)


@router.delete("/{endpoint_id}", status_code=204, responses=NONE, dependencies=[allow(Role.OPERATOR)])
async def delete(endpoint_id: Name, database: Db) -> None:
    """Deletes an endpoint with what it has missed; it is called no more."""
    async with database.transaction() as tx:
        if not await endpoints.delete(tx, endpoint_id):
            raise Problem(404, "there is no such endpoint")


def calling(caller: Caller) -> APIRouter:
    """Returns the routes that call endpoints, or show the secrets that calls are signed with."""
    routes = APIRouter(prefix="/v1/endpoints", tags=["notifier"])

    @routes.post("", status_code=201, response_model=WithSecret, responses=REFUSED, dependencies=[allow(Role.OPERATOR)])
    async def register(said: Registration, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Registers an endpoint that takes a signed test call. Only its answer shows the secret, and that of rotating it."""
        endpoint = Endpoint(str(uuid4()), said.customer_id, said.url)
        await _may_have(database, caller, endpoint)
        await _probed(database, caller, endpoint)
        answer = await once(request, database, key, lambda tx: _register(tx, endpoint), status=201)
        return _with_secret(answer, caller)

    @routes.post("/{endpoint_id}/rotate", response_model=WithSecret, responses=NONE, dependencies=[allow(Role.OPERATOR)])
    async def rotate(endpoint_id: Name, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Gives an endpoint a new secret. For a day each call is signed with the old one, too."""

        async def act(tx: Tx) -> EndpointView:
            return _view(await tx.fetchrow(queries.rotate, endpoint_id))

        return _with_secret(await once(request, database, key, act), caller)

    @routes.post("/{endpoint_id}/enable", response_model=EndpointView, responses={**NONE, **NOT_TAKEN}, dependencies=[allow(Role.OPERATOR)])
    async def enable(endpoint_id: Name, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Has an endpoint called again, once it has taken a signed test call. What it missed is sent by a replay."""
        async with database.connection() as connection:
            await _probed(database, caller, _found(await connection.fetchrow(queries.endpoint, endpoint_id)))

        async def act(tx: Tx) -> EndpointView:
            shown = _view(await tx.fetchrow(queries.enable, endpoint_id))
            await contacts_changed(tx, [shown.customer_id])
            return shown

        return await once(request, database, key, act)

    return routes


async def _may_have(database: Database, caller: Caller, endpoint: Endpoint) -> None:
    """Refuses before anybody is called. Raises the problem."""
    if not caller.master:
        raise Problem(409, "FOREWARN_WEBHOOK_SECRET is not set: there are no endpoints")
    if trouble := url_trouble(endpoint.url, clear=caller.clear):
        raise Problem(422, trouble)
    async with database.connection() as connection:
        if await erased_at(connection, [endpoint.customer_id]):
            raise Problem(409, "the customer is erased: nothing about them may be kept")
        if not await connection.fetchval(directory.queries.knows, endpoint.customer_id):
            raise Problem(404, "the directory does not know this customer")


async def _probed(database: Database, caller: Caller, endpoint: Endpoint) -> None:
    """Makes the test call. Raises a problem that says what came of it, when it was not taken."""
    async with database.connection() as connection:
        now = await connection.fetchval("SELECT clock()")
    said = await caller.probe(endpoint, f"test_{uuid4()}", now)
    if not isinstance(said, Answer):
        raise Problem(422, f"the endpoint did not answer the test call: {said.why}")
    if not said.taken:
        raise Problem(422, f"the endpoint answered the test call with {said.status}, and not with 2xx")


async def _register(tx: Tx, endpoint: Endpoint) -> EndpointView:
    await hold(tx)
    if await erased_at(tx, [endpoint.customer_id]):
        raise Problem(409, "the customer is erased: nothing about them may be kept")
    await directory.customers(tx, [endpoint.customer_id])  # locks: registrations of one customer count one another
    if await tx.fetchval(queries.count_of_customer, endpoint.customer_id) >= MOST:
        raise Problem(409, f"a customer has at most {MOST} endpoints")
    row = await tx.fetchrow(queries.register, endpoint.id, endpoint.customer_id, endpoint.url)
    if row is None:
        raise Problem(409, "the customer has this endpoint already")
    await contacts_changed(tx, [endpoint.customer_id])
    return _view(row)


def _found(row: Any) -> Endpoint:
    if row is None:
        raise Problem(404, "there is no such endpoint")
    return endpoint_in(row)


def _view(row: Any) -> EndpointView:
    if row is None:
        raise Problem(404, "there is no such endpoint")
    return EndpointView(**{**row, "disabled_why": row["disabled_why"] or None})


def _with_secret(answer: Response, caller: Caller) -> Response:
    """Returns the same answer with the secret in it. Answers to an Idempotency-Key are stored, and no secret is: so it is added here."""
    shown = EndpointView.model_validate_json(cast(bytes, answer.body))
    endpoint = Endpoint(shown.id, shown.customer_id, shown.url, shown.generation, shown.rotated_at)
    old = shown.rotated_at + OVERLAP if shown.rotated_at else None
    said = WithSecret(**shown.model_dump(), secret=endpoint.secret(caller.master), old_valid_until=old).model_dump_json()
    headers = {name: value for name, value in answer.headers.items() if name.lower() == "idempotency-replayed"}
    return Response(said, answer.status_code, headers, "application/json")
