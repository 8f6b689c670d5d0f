"""monitor over HTTP: people take an open incident, tell customers how it stands, correct it, and merge or split it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, Field, model_validator

from services.monitor.acts import steering, surging
from services.monitor.acts.steering import Person
from services.monitor.api.incidents import IncidentView, shown
from services.monitor.incidents.life import ENDS, IncidentRow, Status
from services.monitor.incidents.story import BY_PEOPLE, PublicWords
from services.monitor.store import steps
from services.monitor.store.aliases import customers_called
from shared.answers import Name
from shared.api import Body, Caller, Db, IdempotencyKey, Problem, Role, allow, once
from shared.erasing import erased_at
from shared.events import IMPACT_CHUNK, Severity
from shared.events.moments import PROMISED
from shared.postgres import Database, Tx

router = APIRouter(prefix="/incidents/{incident_id}", tags=["incidents"])

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such incident"},
    409: {"description": "the incident does not stand so that this can be done; `current` says how it stands"},
}

STANDS_NO_MORE = ENDS | {Status.MERGED}

Note = Annotated[str, Field(max_length=2000, description="for operators and agents; customers do not read it")]
PARTS = 100  # components or rules that are named at once
Reason = Annotated[
    str, Field(min_length=1, max_length=2000, pattern=r"\S", description="for operators and agents; customers do not read it")
]
ForCustomers = Annotated[str, Field(max_length=2000, description="for customers to read")]


class Acknowledging(Body):
    """A person takes the incident."""

    note: Note = ""


class Update(Body):
    """A person says to customers how it stands. It takes the place of what was said before."""

    words: Annotated[ForCustomers, Field(min_length=1, pattern=r"\S")]
    workaround: ForCustomers = ""
    next_update_at: Annotated[AwareDatetime | None, Field(description="when customers hear more")] = None
    estimate: Annotated[AwareDatetime | None, Field(description="when it should be fixed")] = None
    note: Note = ""


class Rating(Body):
    """A person says how bad it is."""

    severity: Severity
    reason: Reason


class Customers(Body):
    """A person says that the incident touches these customers, or does not."""

    customers: Annotated[list[Name], Field(min_length=1, max_length=IMPACT_CHUNK)]
    reason: Reason


class Merging(Body):
    """A person says that the incident is the same trouble as another."""

    into: Name
    note: Note = ""


class Splitting(Body):
    """A person says that customers of the incident have another trouble: those who are named, or all whom parts of it touch."""

    customers: Annotated[list[Name], Field(max_length=IMPACT_CHUNK)] = []
    components: Annotated[list[Name], Field(max_length=PARTS, description="of what was merged into the incident")] = []
    rules: Annotated[list[Name], Field(max_length=PARTS, description="of what was merged into the incident")] = []
    title: Annotated[str | None, Field(min_length=1, max_length=500, pattern=r"\S", description="of the new incident")] = None
    reason: Reason

    @model_validator(mode="after")
    def _names_either(self) -> "Splitting":
        if bool(self.customers) == bool(self.components or self.rules):
            raise ValueError("a split names customers, or components or rules of what was merged")
        return self


class Approving(Body):
    """A person says that complaints show trouble."""

    reason: Reason


Act = Callable[[Tx, str, Person], Awaitable[IncidentRow | None]]


class _Acting:
    """A person acts on an incident."""

    def __init__(
        self, request: Request, database: Db, incident_id: Name, who: Annotated[Caller, allow(Role.AGENT)], key: IdempotencyKey = None
    ) -> None:
        self._request, self._database, self._key = request, database, key
        self._incident_id, self._who = incident_id, who.person

    async def do(self, note: str, act: Act, *, shows_new: bool = False) -> Response:
        """Acts once, and answers with the incident as it is then; `shows_new`: with the one that the act returned.

        409 when the incident does not stand so that this can be done.
        """
        database: Database = self._database
        return await once(self._request, database, self._key, lambda tx: self._do(tx, note, act, shows_new))

    async def _do(self, tx: Tx, note: str, act: Act, shows_new: bool) -> IncidentView:
        now: datetime = await tx.fetchval("SELECT clock()")
        known = await shown(tx, self._incident_id)
        if known.status not in STANDS_NO_MORE and (known.status == Status.CANDIDATE) == (act is surging.approve):
            if await steps.is_full(tx, self._incident_id):
                raise Problem(
                    409, f"people have done {BY_PEOPLE} things with this incident: all that is left is to end it", current=known.status
                )
            row = await act(tx, self._incident_id, Person(self._who, now, note))
            if row is not None:
                return await shown(tx, row.id if shows_new else self._incident_id)
            known = await shown(tx, self._incident_id)
        raise Problem(409, _standing(known), current=known.status)


Acting = Annotated[_Acting, Depends()]


@router.post("/acknowledge", response_model=IncidentView, responses=MAY_FAIL)
async def acknowledge_incident(acting: Acting, asked: Acknowledging = Acknowledging()) -> Response:  # noqa: B008  immutable
    """A person has it. It stays open for all that events show; colleagues see who works on it."""
    return await acting.do(asked.note, steering.acknowledge)


@router.post("/approve", response_model=IncidentView, responses=MAY_FAIL)
async def approve_incident(acting: Acting, asked: Approving) -> Response:
    """Opens the incident of a candidate: from now on it is told, and likely touches the customers who complained."""
    return await acting.do(asked.reason, surging.approve)


@router.post("/update", response_model=IncidentView, responses=MAY_FAIL)
async def publish_update(acting: Acting, asked: Update) -> Response:
    """Says to customers how it stands: words, what they can do meanwhile, when they hear more, and when it should be fixed."""

    async def publish(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        for name, at in (("next_update_at", asked.next_update_at), ("estimate", asked.estimate)):
            if at is not None and not timedelta() < at - who.at <= PROMISED:
                raise Problem(422, f"{name} is not ahead, or more than ten years", errors=[{"at": f"body.{name}", "why": "not ahead"}])
        words = PublicWords(asked.words, asked.workaround, asked.next_update_at, asked.estimate)
        return await steering.publish(tx, incident_id, words, who)

    return await acting.do(asked.note, publish)


@router.post("/severity", response_model=IncidentView, responses=MAY_FAIL)
async def change_severity(acting: Acting, asked: Rating) -> Response:
    """Has the incident be as bad as a person says."""

    async def change(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        if (known := await shown(tx, incident_id)).severity == asked.severity:
            raise Problem(409, f"its severity is {known.severity} already", current=known.status)
        return await steering.change_severity(tx, incident_id, asked.severity, who)

    return await acting.do(asked.reason, change)


@router.post("/customers/add", response_model=IncidentView, responses=MAY_FAIL)
async def add_customers(acting: Acting, asked: Customers) -> Response:
    """Has the incident touch these customers, as confirmed by a person. 409 names those who were erased; then nobody is added."""

    async def add(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        customers = await _customers(tx, asked.customers)
        if erased := sorted(await erased_at(tx, customers)):
            raise Problem(409, "some of these customers were erased", erased=erased)
        return await steering.add_customers(tx, incident_id, customers, who)

    return await acting.do(asked.reason, add)


@router.post("/customers/remove", response_model=IncidentView, responses=MAY_FAIL)
async def remove_customers(acting: Acting, asked: Customers) -> Response:
    """Has the incident touch these customers no more, whatever events say: nobody tells them of it. Others change nothing."""

    async def remove(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        return await steering.remove_customers(tx, incident_id, await _customers(tx, asked.customers), who)

    return await acting.do(asked.reason, remove)


@router.post("/merge", response_model=IncidentView, responses=MAY_FAIL)
async def merge_incident(acting: Acting, asked: Merging) -> Response:
    """Has the incident be the same trouble as another, which is open and touches its customers from now on.

    More of the same rule and component counts for the other while that is open. Nobody is told twice: who was told of this one hears of
    its end when the other ends. Returns this one.
    """

    async def merge(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        other, this = await shown(tx, asked.into), await shown(tx, incident_id)
        if asked.into == incident_id or other.shadow != this.shadow:
            raise Problem(422, "an incident is merged into another one, and one on trial only into another on trial")
        if other.status in STANDS_NO_MORE | {Status.CANDIDATE}:
            raise Problem(409, f"the other incident is {other.status} already", current=this.status)
        return await steering.merge(tx, incident_id, asked.into, who)

    return await acting.do(asked.note, merge)


@router.post("/split", response_model=IncidentView, responses=MAY_FAIL)
async def split_incident(acting: Acting, asked: Splitting) -> Response:
    """Has customers of the incident be touched by a new one instead, as certainly as before. Returns the new one.

    Nobody is told twice: who was told of this one counts as told of the new one, and hears of its end when that ends, which a person says.
    422 when the incident touches none of them. By components or rules those are named whom nothing but what was merged into the
    incident, and is of these, has found: it belongs to the new one from then on, with whom it finds later, and the new one has its
    rule and component.
    """

    async def split(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
        if not asked.customers:
            return await _split_parts(tx, incident_id, asked, who)
        new = await steering.split(tx, incident_id, await _customers(tx, asked.customers), asked.title, who)
        if new is None and (await shown(tx, incident_id)).status not in STANDS_NO_MORE:
            raise Problem(422, "the incident touches none of these customers", errors=[{"at": "body.customers", "why": "not touched"}])
        return new

    return await acting.do(asked.reason, split, shows_new=True)


async def _split_parts(tx: Tx, incident_id: str, asked: Splitting, who: Person) -> IncidentRow | None:
    """Splits parts off. Raises a 422 problem when the incident has none such, or they touch nobody or too many."""
    parts = await steering.parts_of(tx, incident_id, asked.components, asked.rules)
    wrong = (
        "nothing of these was merged into the incident"
        if not parts.ids
        else "what was merged touches nobody"
        if not parts.customers
        else ""
    )
    if len(parts.customers) > steering.PARTS_MOST:
        wrong = f"what was merged touches more than {steering.PARTS_MOST} customers"
    if wrong and (await shown(tx, incident_id)).status not in STANDS_NO_MORE:
        raise Problem(422, wrong, errors=[{"at": "body.components" if asked.components else "body.rules", "why": wrong}])
    return None if wrong else await steering.split_parts(tx, incident_id, parts, asked.title, who)


async def _customers(tx: Tx, named: Sequence[str]) -> set[str]:
    """Returns the customers whom a person named, each by whichever of their names."""
    return set((await customers_called(tx, named)).values())


def _standing(incident: IncidentView) -> str:
    """Says how the incident stands, for a person who wanted something else of it."""
    if incident.status == Status.CANDIDATE:
        return "the incident is a candidate: it is to be approved first"
    if incident.status == Status.OPEN:
        return "the incident is open: it is no candidate"
    if incident.status == Status.ACKNOWLEDGED:
        return f"the incident is acknowledged already, by {incident.acknowledged_by}"
    return f"the incident is {incident.status} already"
