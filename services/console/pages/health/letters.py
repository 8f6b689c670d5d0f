"""Shows the dead letters of one topic to operators, and sends chosen ones back, each once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from services.console.acting.outcome import Done, Refused
from services.console.acting.performing import done_at, perform_here
from services.console.frame.drawing import draw
from services.console.frame.words import segment
from services.console.live.changes import ERASED
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow
from shared.answers import Name
from shared.connecting.brokers import Brokers, brokers_of
from shared.erasing import anybody_erased, erased_digests
from shared.events import Topic
from shared.failed import Failed
from shared.letters import letters as reading
from shared.letters.erased import Found, named, spared
from shared.letters.letters import Letter, Place
from shared.letters.receipts import receipts
from shared.letters.redriving import redrive
from shared.observing.printable import printable
from shared.postgres import Database

SHOWN = 20  # the latest that wait
READ = 200  # the latest of each partition among which they are looked for, however many the topic keeps
WITHIN_S = 10.0  # for all that is read of Kafka for the page
LONGEST = 2000  # characters of a letter's bytes

router = APIRouter(dependencies=[allow(Role.OPERATOR)])


@router.get("/health/letters/{topic}")
async def show(request: Request, topic: Name) -> Response:
    """Shows the latest letters that wait: where each stood, why it is here, and its bytes as far as they can be printed."""
    return await _drawn(request, topic)


@router.post("/health/letters/{topic}/redrive")
async def send_back(request: Request, topic: Name, chosen: Annotated[list[str] | None, Form()] = None) -> Response:
    """Sends the chosen letters back to their topic."""
    places = {place for each in chosen or () if (place := _place(each)) is not None}
    if not places:
        return await _drawn(request, topic, Refused(422, "Choose the letters that are to go back."))
    names = ",".join(sorted(chosen or ()))
    outcome = await perform_here(
        request, "letters.redrive", partial(_redrive, request, topic, places), subject=f"letters:{topic} {names}"[:2000]
    )
    if isinstance(outcome, Refused):
        return await _drawn(request, topic, outcome)
    return done_at(request, f"/health/letters/{segment(topic)}")


async def _redrive(request: Request, topic: str, places: set[Place], _form_id: str) -> Done | Refused:
    if _is_foreign(topic):
        return Refused(409, f"{topic} is another system's topic, and nothing is written to it.")
    try:
        among = partial(_among, request.app.state.database)
        done = await redrive(_brokers(request), topic, lambda letter: letter.place in places, among)
    except Failed as error:
        return Refused(503, str(error))
    if done.going.total():
        return Done({"went": done.going.total(), "left": done.left + done.erased})
    return Refused(409, "None of them went: they were sent back before, their customers were erased, or their records are kept no longer.")


async def _among(database: Database, found: Found) -> Mapping[Place, frozenset[str]]:
    """Returns whom of the erased each record names, by the console's own memory of erasures."""
    async with database.connection() as tx:
        if not found or not await anybody_erased(tx):
            return {}

        async def find(digests: Sequence[str]) -> Mapping[str, datetime]:
            known = await erased_digests(tx, map(bytes.fromhex, digests))
            return {each.hex(): at for each, at in known.items()}

        return await named(found, find)


async def _drawn(request: Request, topic: str, refused: Refused | None = None) -> Response:
    trouble, rows = "", list[dict[str, Any]]()
    try:
        rows = await _waiting(request, topic)
    except Failed as error:
        trouble = str(error)
    status = refused.status if refused else 503 if trouble else 200
    words, given = (refused.words, refused.form_id) if refused else (trouble, "")
    shown = {"topic": topic, "rows": rows, "refused": words, "given": given, "is_foreign": _is_foreign(topic)}
    return draw(request, "health/letters.html", live=(ERASED,), status=status, **shown)


def _is_foreign(topic: str) -> bool:
    """Says whether it is a topic of another system, which a source reads."""
    return topic not in set(Topic)


async def _waiting(request: Request, topic: str) -> list[dict[str, Any]]:
    brokers = _brokers(request)
    try:
        async with asyncio.timeout(WITHIN_S):
            sent = await receipts(brokers)
            read = await reading.latest(brokers, reading.letters_of(topic), READ)
    except TimeoutError:
        raise Failed(f"Kafka did not bring the letters within {WITHIN_S:.0f} seconds. Load the page again in a moment.") from None
    latest = [letter for letter in read if letter.record not in sent][:SHOWN]
    gone = await _among(request.app.state.database, [(letter, letter.record) for letter in latest])
    return [_shown(letter, gone.get(letter.place, frozenset())) for letter in latest]


def _shown(letter: Letter, erased: frozenset[str]) -> dict[str, Any]:
    record = spared(letter.record, erased)
    return {
        "chosen": f"{letter.place[0]}-{letter.place[1]}",
        "reason": letter.reason,
        "detail": printable(letter.said("detail") or ""),
        "stood_at": " ".join(printable(letter.said(each) or "?") for each in ("partition", "offset")),
        "first_seen": printable(letter.said("first-seen") or "?"),
        "redriven": letter.redriven,
        "is_poison": letter.is_poison,
        "value": "" if record is None else printable(record.value or b"", longest=LONGEST),
        "is_erased": record is None,
        "is_pointer": letter.is_pointer,
    }


def _place(said: str) -> Place | None:
    partition, _, offset = said.partition("-")
    if all(each.isascii() and each.isdigit() and len(each) < 19 for each in (partition, offset)):
        return int(partition), int(offset)
    return None


def _brokers(request: Request) -> Brokers:
    return brokers_of(request.app.state.settings)
