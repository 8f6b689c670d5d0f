"""People look at audiences that wait for approval, and decide: send, send to a few first, reject, edit the words, take customers out."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.notifier.acts.approving import Desk, Refused
from services.notifier.acts.proving import address_of, prove
from services.notifier.api.switches import Reason
from services.notifier.permission import Standing
from services.notifier.store import approvals, gates, switches
from services.notifier.store.approvals import Row, queries
from services.notifier.wording.sampling import Rendering, Sample, as_read, as_shown
from services.notifier.wording.texts import Text, as_words
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once, position_of, timed_position
from shared.postgres import Database, Tx

NO_APPROVAL: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such approval"}}
MAY_FAIL: dict[int | str, dict[str, Any]] = {
    **NO_APPROVAL,
    409: {"description": "it waits no more, or is not as it was seen; `current` says how it stands, or what is to be seen now"},
}
LOOKED_AT = 200  # of those who wait, to find three samples

Seen = Annotated[str, Field(min_length=1, max_length=100, description="`seen` of the approval as it was looked at")]
Limit = Annotated[int, Query(ge=1, le=500)]
Place = Annotated[int, Path(ge=0, le=2, description="of the sample, in their order")]


class ApprovalView(BaseModel):
    """An audience that waits for a person, or did."""

    id: str
    gate: str  # the id of the incident or of the period of maintenance, or the rule and the day of advice
    rule: str
    advice: bool  # to customers at risk; false: of an incident, or of maintenance (rule `maintenance`)
    title: str | None  # of the incident or the maintenance
    round: int  # 1; later ones are of customers who came after an approval
    standing: Standing
    total: int  # customers of all rounds
    asked_at: datetime
    expires_at: datetime
    first_by: str | None  # who agreed first, where two must
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class ApprovalStory(ApprovalView):
    """All that a person needs to decide."""

    seen: str  # names these words and this audience: give it back with the decision
    waiting: int  # customers who would be told
    channels: Mapping[str, int]  # those who wait by the channel that would bring it, the most first; fewer where older versions decided
    left_out: Mapping[str, int]  # who of them is not told, by reason; `delivered`: told already
    normal: int | None  # the median of the rule's latest audiences
    audiences: int  # of so many
    two_people_above: int  # customers
    first_saw: str | None  # `seen` of who agreed first: when it is not that of now, their consent does not count
    first: int  # so many customers `approve-first` has told
    oldest: datetime | None  # when it was last true of the first, and …
    newest: datetime | None  # … of the last of those who wait
    words: Text | None  # a person's, for all of this audience in whatever language they read; null: those of notifications.yml
    samples: list[Sample]


class Recipient(BaseModel):
    """A customer who waits."""

    id: str  # of the notification
    customer_id: str
    name: str | None
    about_at: datetime
    certainty: str | None


class Approving(Body):
    """A person agrees to what they saw."""

    seen: Seen
    reason: Annotated[str, Field(max_length=500)] = ""


class Rejecting(Body):
    """A person decides that nobody of them is told."""

    reason: Reason


class Rewording(Body):
    """A person edits the words for this audience: one text for all languages; null: those of notifications.yml again."""

    words: Text | None
    reason: Reason


class Previewing(Body):
    """A person wants to see words before they keep them; null: those of notifications.yml."""

    words: Text | None


class Removing(Body):
    """A person takes customers out."""

    customers: Annotated[list[Name], Field(min_length=1, max_length=500)]
    reason: Reason


Act = Callable[[Tx, Row], Awaitable[Refused | None]]
Decider = Annotated[Caller, allow(Role.OPERATOR)]


def router_of(desk: Desk) -> APIRouter:
    """Makes the routes: `desk` decides."""
    router = APIRouter(prefix="/v1/approvals", tags=["consent"])
    _looking(router, desk)
    _reading(router, desk)
    _sending(router, desk)
    _changing(router, desk)
    return router


def _looking(router: APIRouter, desk: Desk) -> None:
    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_approvals(
        database: Db, standing: Standing | None = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ApprovalView]:
        """Returns approvals, the latest first."""
        async with database.transaction() as tx:
            return await page_of(
                tx,
                queries.approvals,
                standing,
                *timed_position(cursor),
                limit=limit,
                view=lambda row: ApprovalView(**_of(row)),
                position=lambda item: f"{item.asked_at.isoformat()} {item.id}",
            )

    @router.get("/{approval_id}", dependencies=[allow(Role.AGENT)], responses=NO_APPROVAL)
    async def read_approval(database: Db, approval_id: Name) -> ApprovalStory:
        """Returns one approval with its figures, and three messages as they would be sent."""
        async with database.transaction() as tx:
            return await _story(tx, desk, await _known(tx, approval_id))

    @router.get("/{approval_id}/recipients", dependencies=[allow(Role.AGENT)], responses=NO_APPROVAL)
    async def list_recipients(database: Db, approval_id: Name, limit: Limit = 100, cursor: Cursor = None) -> Page[Recipient]:
        """Returns who waits for it."""
        async with database.transaction() as tx:
            found = await _known(tx, approval_id)
            return await page_of(
                tx,
                queries.recipients,
                found["gate"],
                found["round"],
                position_of(cursor),
                limit=limit,
                view=lambda row: Recipient(**row),
                position=lambda item: item.id,
            )


def _reading(router: APIRouter, desk: Desk) -> None:
    @router.get("/{approval_id}/samples/{place}", dependencies=[allow(Role.AGENT)], responses=NO_APPROVAL)
    async def read_sample(database: Db, approval_id: Name, place: Place) -> Rendering:
        """Returns one of its samples in full, with the page that mail programs show. 404 when there is no such sample."""
        async with database.transaction() as tx:
            found = await _known(tx, approval_id)
            return await _shown(tx, desk, found, as_words(found["subject"], found["body"]), place)

    @router.post("/{approval_id}/preview", dependencies=[allow(Role.OPERATOR)], responses=NO_APPROVAL)
    async def preview(database: Db, approval_id: Name, said: Previewing) -> Rendering:
        """Returns its first sample in other words, and keeps nothing of them."""
        async with database.transaction() as tx:
            return await _shown(tx, desk, await _known(tx, approval_id), said.words, 0)


def _sending(router: APIRouter, desk: Desk) -> None:
    @router.post("/{approval_id}/approve", response_model=ApprovalView, responses=MAY_FAIL)
    async def approve(
        request: Request, database: Db, approval_id: Name, who: Decider, said: Approving, key: IdempotencyKey = None
    ) -> Response:
        """Has them told. Above the limit it waits for a second person, who must be another one."""
        return await _decided(request, database, key, approval_id, partial(desk.approve, seen=said.seen, by=who.person, reason=said.reason))

    @router.post("/{approval_id}/approve-first", response_model=ApprovalView, responses=MAY_FAIL)
    async def approve_first(
        request: Request, database: Db, approval_id: Name, who: Decider, said: Approving, key: IdempotencyKey = None
    ) -> Response:
        """Has the first few told (20, as notifications.yml says); the others go on waiting."""
        return await _decided(
            request, database, key, approval_id, partial(desk.approve_first, seen=said.seen, by=who.person, reason=said.reason)
        )

    @router.post("/{approval_id}/send-to-me", status_code=202, response_model=ApprovalView, responses=MAY_FAIL)
    async def send_to_me(request: Request, database: Db, approval_id: Name, who: Decider, key: IdempotencyKey = None) -> Response:
        """Sends the message to who asks for it, as its customers would get it: to their address in notifications.yml (`reviewers`)."""
        if address_of(who.person, desk.policy) is None:
            raise Problem(409, "notifications.yml names no address of yours: autonomy, reviewers", current=who.person)

        async def act(tx: Tx, found: Row) -> Refused | None:
            await prove(tx, found["id"], who.person)
            return None

        return await _decided(request, database, key, approval_id, act, status=202)


def _changing(router: APIRouter, desk: Desk) -> None:
    @router.post("/{approval_id}/reject", response_model=ApprovalView, responses=MAY_FAIL)
    async def reject(
        request: Request, database: Db, approval_id: Name, who: Decider, said: Rejecting, key: IdempotencyKey = None
    ) -> Response:
        """Has nobody of them told, nor whoever comes later of the same incident."""
        return await _decided(request, database, key, approval_id, partial(desk.reject, by=who.person, reason=said.reason))

    @router.post("/{approval_id}/words", response_model=ApprovalView, responses=MAY_FAIL)
    async def reword(
        request: Request, database: Db, approval_id: Name, who: Decider, said: Rewording, key: IdempotencyKey = None
    ) -> Response:
        """Edits the words for this audience. A consent that was given to other words is void."""
        return await _decided(
            request, database, key, approval_id, partial(desk.reword, words=said.words, by=who.person, reason=said.reason)
        )

    @router.post("/{approval_id}/remove", response_model=ApprovalView, responses=MAY_FAIL)
    async def remove(
        request: Request, database: Db, approval_id: Name, who: Decider, said: Removing, key: IdempotencyKey = None
    ) -> Response:
        """Takes customers out: they are not told. A consent that was given to the larger audience is void."""
        return await _decided(
            request, database, key, approval_id, partial(desk.remove, customers=said.customers, by=who.person, reason=said.reason)
        )


async def _decided(request: Request, database: Database, key: str | None, approval_id: str, act: Act, *, status: int = 200) -> Response:
    async def do(tx: Tx) -> ApprovalView:
        if refused := await act(tx, await _known(tx, approval_id)):
            raise Problem(409, refused.detail, current=refused.current)
        return ApprovalView(**_of(await _known(tx, approval_id)))

    return await once(request, database, key, do, status=status)


async def _known(tx: Tx, approval_id: str) -> Row:
    found = await approvals.approval(tx, approval_id)
    if found is None:
        raise Problem(404, "there is no such approval")
    return found


async def _shown(tx: Tx, desk: Desk, found: Row, words: Text | None, place: int) -> Rendering:
    waits = await approvals.samples(tx, found, LOOKED_AT)
    if place >= len(waits):
        raise Problem(404, "there is no such sample: it waits no more")
    return as_shown(desk.write, waits[place], words)


async def _story(tx: Tx, desk: Desk, found: Row) -> ApprovalStory:
    waits = await tx.fetchrow(queries.waits, found["gate"], found["round"])
    normal = await tx.fetchrow(gates.queries.normal, found["rule"])
    assert waits is not None  # noqa: S101  an aggregate has one row
    assert normal is not None  # noqa: S101
    left_out = {row["reason"]: row["customers"] for row in await tx.fetch(queries.left_out, found["gate"], found["round"])}
    channels = {row["channel"]: row["customers"] for row in await tx.fetch(queries.channels, found["gate"], found["round"])}
    _, directory = await switches.steps(tx, [])
    words = as_words(found["subject"], found["body"])
    return ApprovalStory(
        **_of(found),
        seen=await desk.seen(tx, found),
        **waits,
        channels=channels,
        left_out=left_out,
        normal=normal["normal"],
        audiences=normal["gates"],
        two_people_above=desk.policy.autonomy.two_people.of(directory),
        first_saw=found["first_saw"],
        first=desk.policy.autonomy.first,
        words=words,
        samples=[as_read(desk.write, each, words) for each in await approvals.samples(tx, found, LOOKED_AT)],
    )


def _of(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ApprovalView.model_fields}
