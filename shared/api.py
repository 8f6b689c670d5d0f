"""Is the REST edge every service shares: problems (RFC 9457), bearer tokens with roles, POSTs that act once, lists with cursors.

Errors every endpoint may give: 401 without a valid token, 403 with the wrong role, 408 for a body that does not arrive in
time, 413 above 1 MiB, 422 for a body that does not fit its schema, 503 with Retry-After while the database is away or the
limit of requests under way is reached. `shared/http/` handles a request before all of this.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel, ConfigDict, model_validator

from shared.erasing import digest
from shared.http.bodies import AS_HEAD, Bodies, Head, Working
from shared.http.callers import ACTING_FOR, Caller, Gate, Role, allow, caller_of
from shared.http.known import Known
from shared.http.problems import SHOWN, Problem, handle_problems
from shared.postgres import Database, Tx
from shared.settings import Settings

__all__ = [
    "Body",
    "Caller",
    "Db",
    "IdempotencyKey",
    "Problem",
    "Role",
    "allow",
    "application",
    "caller_of",
    "cursor_of",
    "is_head",
    "not_ours",
    "numbered_position",
    "once",
    "position_of",
    "public_application",
    "timed_position",
]

# A key belongs to the name of its caller. Rows from before migration 0005 have no caller, and count as anybody's for their last day.
ANSWERED = """SELECT body_hash, status, response FROM idempotency
    WHERE key = $1 AND route = $2 AND caller IN ($3, '') ORDER BY caller DESC LIMIT 1"""
# This claims the key, and inserts nothing when it is taken: a second call waits here for the first one's commit.
CLAIM_KEY = """INSERT INTO idempotency (key, route, caller, body_hash, status, response) SELECT $1, $2, $3, $4, 0, ''
    WHERE NOT EXISTS (SELECT FROM idempotency WHERE key = $1 AND route = $2 AND caller = '') ON CONFLICT DO NOTHING"""
KEEP_ANSWER = "UPDATE idempotency SET status = $4, response = $5, customer = $6 WHERE key = $1 AND route = $2 AND caller = $3"


def database_of(request: Request) -> Database:
    """Returns the service's database, for endpoints."""
    database: Database = request.app.state.database
    return database


Db = Annotated[Database, Depends(database_of)]


def is_head(request: Request) -> bool:
    """Says whether only the headers are asked for: endpoints of GET answer HEAD, too."""
    return AS_HEAD in request.scope


# ── once ─────────────────────────────────────────────────────────────────────────────────────

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


async def once(
    request: Request, database: Database, key: str | None, act: Callable[[Tx], Awaitable[BaseModel]], *, status: int = 200
) -> Response:
    """Acts in one transaction, and at most once for one caller's key: later calls get the first one's answer for 24 hours.

    The key is claimed in the same transaction as the effects, so a second call waits for the first.
    409 with Retry-After when that takes too long, 422 when the key came with another request before.
    """
    claim = (key, f"{request.method} {request.url.path}", caller_of(request).name)
    said = await _fingerprint(request)
    async with database.transaction() as tx:
        if key and (await tx.execute(CLAIM_KEY, *claim, said)).endswith(" 0"):
            return await _answered(tx, claim, said)
        view = await act(tx)
        answer = view.model_dump_json().encode()
        if key:
            await tx.execute(KEEP_ANSWER, *claim, status, answer, _shown_in(view))
    return Response(answer, status, media_type="application/json")


def _shown_in(view: BaseModel) -> bytes | None:
    """Returns the digest of the id of the customer whose data an answer shows; None when it shows nobody's."""
    held = [getattr(view, name) for name in type(view).model_fields]
    customer_id = getattr(view, "customer_id", None)
    if isinstance(customer_id, str):
        return digest(customer_id)
    return next((found for each in held if isinstance(each, BaseModel) and (found := _shown_in(each))), None)


async def _fingerprint(request: Request) -> bytes:
    """Returns a hash of what the request says: the body, an event's headers in binary mode, and the person who is acted for."""
    said = sorted(header for header in request.headers.raw if header[0].startswith(b"ce-") or header[0] == ACTING_FOR.lower().encode())
    return hashlib.sha256(await request.body() + b"".join(b"\n%s: %s" % header for header in said)).digest()


async def _answered(tx: Tx, claim: tuple[str | None, str, str], said: bytes) -> Response:
    row = await tx.fetchrow(ANSWERED, *claim)
    if row is None or row["status"] == 0:
        raise Problem(409, "the first request with this Idempotency-Key is still under way", headers={"Retry-After": "1"})
    if row["body_hash"] != said:
        raise Problem(422, "this Idempotency-Key came with another request before")
    return Response(row["response"], row["status"], {"Idempotency-Replayed": "true"}, "application/json")


class Body(BaseModel):
    """Is the body of a request: a field it does not know is a mistake. Of many only their number is said: each error takes memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > len(cls.model_fields) + SHOWN:
            raise ValueError(f"it has {len(given)} fields")
        return given


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def cursor_of(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str | None) -> str | None:
    """Returns where a cursor of ours points. Raises a 422 problem for any other."""
    if cursor is None:
        return None
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise not_ours() from None
    if "\0" in position or cursor_of(position) != cursor:
        raise not_ours()
    return position


def timed_position(cursor: str | None) -> tuple[datetime | None, str | None]:
    """Returns the moment and the id that a cursor of a list by time points to. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return None, None
    moment, _, id_ = position.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not id_:
            raise not_ours()
        return at.astimezone(UTC), id_
    except (ValueError, OverflowError):
        raise not_ours() from None


def numbered_position(cursor: str | None) -> int | None:
    """Returns the number that a cursor of a list by number points to. Raises a 422 problem for any other cursor."""
    position = position_of(cursor)
    if position is None:
        return None
    if not (position.isascii() and position.isdigit() and len(position) < 19):
        raise not_ours()
    return int(position)


def not_ours() -> Problem:
    """Returns the problem for a cursor that no list of ours has given out."""
    return Problem(422, "this cursor is not one of ours")


# ── the application ──────────────────────────────────────────────────────────────────────────


def application(title: str, settings: Settings, database: Database, about: str = "", doors: Collection[str] = ()) -> FastAPI:
    """Makes a FastAPI application with our problems, limits and state; `about` becomes its description.

    At the `doors`, exact paths, no token is asked for: their endpoints ask for a secret of their own.
    It redirects nobody: the target would be taken from the caller's Host header.
    """
    app = FastAPI(title=title, description=about, version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    # The last one added comes first: a request goes through Head, Gate, Bodies, Working.
    app.add_middleware(Working, settings=settings)
    app.add_middleware(Bodies, settings=settings, doors=doors)
    app.add_middleware(Gate, known=Known(settings), doors=doors)
    return _finished(app, settings, database)


def public_application(title: str, settings: Settings, database: Database, routers: Sequence[APIRouter]) -> FastAPI:
    """Makes an application for everybody: no path asks for a token, bodies are small, and nothing describes it.

    It has a /livez of its own.
    """
    app = FastAPI(title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(Working, settings=settings)
    app.add_middleware(Bodies, settings=settings, for_everybody=True)
    for router in routers:
        app.include_router(router)

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, bool]:
        """Says that the process answers; for the proxy before it."""
        return {"alive": True}

    return _finished(app, settings, database)


def _finished(app: FastAPI, settings: Settings, database: Database) -> FastAPI:
    app.state.settings, app.state.database = settings, database
    app.add_middleware(Head)
    handle_problems(app)
    return app
