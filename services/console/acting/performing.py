"""Performs an act once for a form, however often it is pressed and by whichever replica: claim the form, ask the owner, write it down.

The form's id is a row in `acts`, claimed under a lease while the owner is asked, so that nothing is locked meanwhile. What is
done stays done for this form; a refusal lets the form go; when the outcome is unknown the same form may be sent again, and
the owner, which gets the form's id as the Idempotency-Key, does it once. Should the process die while it waits, `timers.py` writes
down after the lease that the outcome is not known.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.console.acting.acts import ACTS, Act
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.frame.drawing import prefix_of
from services.console.live.changes import changed, enter, key_of
from services.console.sessions.signed import Signed, signed_of
from services.console.store import acts as store
from services.console.store import audit, awaited
from shared.api import Problem
from shared.postgres import Database, Tx

PATIENCE_S = 6.0  # for another press of the same form that is under way
LOOK_S = 0.05  # between two looks at it

_is_form_id = re.compile(r"[A-Za-z0-9_-]{8,100}").fullmatch


@dataclass(frozen=True)
class Press:
    """Is one press of a form's button. `said` are the words asked for, drawn as a message until its fact arrives."""

    form_id: str
    by: Signed
    act: Act
    subject: str  # about what it is: `ticket:<id>`, `incident:<id>`, `customer:<id>`, … as changes are noted
    before: Mapping[str, Any] | None = None
    asked: bytes = b""  # a digest of all that is asked for
    said: str = ""


async def perform(
    request: Request,
    act: str,
    *,
    where: Mapping[str, str],
    body: Mapping[str, Any],
    subject: str,
    before: Mapping[str, Any] | None = None,
    step: str = "",
) -> Done | Refused:
    """Asks the owner of `ACTS[act]` on behalf of who is signed in, and writes it down. Raises a 422 problem without a form's id.

    `where` fills the route's path; `subject` (`ticket:<id>`) and `before` go into the audit log; `step` tells a form's several acts apart.
    """
    asked = ACTS[act]
    press = Press(
        await form_id_of(request) + step, signed_of(request), asked, subject, before, _digest(act, where, body), str(body.get("body", ""))
    )
    owners: Owners = request.app.state.owners
    ask = partial(owners.ask, asked.owner, asked.method, asked.at(where), person=press.by.person, form_id=press.form_id, body=body)
    outcome = await act_once(request.app.state.database, press, ask)
    if isinstance(outcome, Refused) and outcome.form_id:
        return Refused(outcome.status, outcome.words, outcome.extra, outcome.form_id.removesuffix(step))
    return outcome


async def perform_here(
    request: Request, act: str, do: Callable[[str], Awaitable[Done | Refused]], *, subject: str, before: Mapping[str, Any] | None = None
) -> Done | Refused:
    """Does an act of the console's own in the same way; `do` gets the form's id."""
    press = Press(await form_id_of(request), signed_of(request), ACTS[act], subject, before, _digest(act, {}, {"subject": subject}))
    return await act_once(request.app.state.database, press, partial(do, press.form_id))


async def texts_of(request: Request) -> dict[str, str]:
    """Returns the texts of the form that was sent, by their names. Files, which no form of ours sends, are closed unread."""
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def form_id_of(request: Request) -> str:
    """Returns the one-time id of the form that was sent. Raises a 422 problem when there is none."""
    given = (await texts_of(request)).get("form_id", "")
    if not _is_form_id(given):
        raise Problem(422, "the form came without its id: load the page again, and send it from there")
    return given


def done_at(request: Request, path: str) -> Response:
    """Returns the answer to a form that was done: the browser loads this page of ours next, and a reload sends nothing again."""
    return RedirectResponse(prefix_of(request.app.state.settings) + path, 303)


async def act_once(database: Database, press: Press, do: Callable[[], Awaitable[Done | Refused]]) -> Done | Refused:
    """Does it unless this form was pressed before; another press that is under way is waited for."""
    if not press.by.role.may(press.act.role):
        return Refused(403, f"this needs the role {press.act.role}; yours is {press.by.role}")
    known = await _claim(database, press)
    if known is not None:
        return known
    outcome = await do()
    async with database.transaction() as tx:
        await enter(tx)
        await _settle(tx, press, outcome)
    return outcome


async def _claim(database: Database, press: Press) -> Done | Refused | None:
    """Claims the form; returns what became of an earlier press, or None when it is ours to act."""
    deadline = time.monotonic() + PATIENCE_S
    by = press.by
    asking = store.Asking(press.form_id, by.person, by.role, press.act.name, press.subject, press.before, press.asked)
    while True:
        async with database.connection() as connection:
            state = await store.claim(connection, asking)
        match state:
            case store.Claim.OURS:
                return None
            case store.Claim.DONE:
                return Done()
            case store.Claim.OTHERS:
                return Refused(409, "This form was sent before with something else, and that was done. Look at it, and send the rest anew.")
        if time.monotonic() > deadline:
            return Refused(503, "What you sent before is still under way. Send it again in a moment: it is done once.", {}, press.form_id)
        await asyncio.sleep(LOOK_S)


async def _settle(tx: Tx, press: Press, outcome: Done | Refused) -> None:
    """Writes down how it went; a press that is settled already by another process adds nothing."""
    after, keys, words = None, ["audit", key_of(press.subject)], "done"
    if isinstance(outcome, Done):
        if not await store.finish(tx, press.form_id):
            return
        after = {name: outcome.answer.get(name) for name in press.act.after}
        keys += await _await_facts(tx, press, outcome.answer)
    else:
        await store.let_go(tx, press.form_id, again=outcome.is_unknown)
        words = f"{'not known' if outcome.is_unknown else 'refused'}: {outcome.words}"
    by, form_id = press.by, press.form_id
    await audit.record(tx, audit.Entry(by.person, by.role, press.act.name, press.subject, press.before, after, words, form_id))
    await changed(tx, keys)


async def _await_facts(tx: Tx, press: Press, answer: Mapping[str, Any]) -> list[str]:
    """Keeps the owner's answer until its fact arrives; returns the keys of what it changes on pages."""
    if not press.act.awaits or not isinstance(answer.get("id"), str):
        return []
    key = f"{press.act.awaits}:{answer['id']}"
    await awaited.keep(tx, key, press.form_id, answer, by=press.by.person, said=press.said)
    return [key, f"{press.act.awaits}s"]


def _digest(act: str, where: Mapping[str, str], body: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode([act, dict(where), dict(body)], order="sorted")).digest()
