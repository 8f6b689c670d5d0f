"""Asks notifier, for the pages about what it may tell: bounded in time, and an answer that does not come is a value."""

from typing import Any

from fastapi import Request, Response

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners
from services.console.acting.performing import done_at
from services.console.acting.watching import Watch
from services.console.frame.answers import listed, mapped, moment, text
from services.console.frame.words import segment

PATIENCE_S = 3.0  # three messages are written for one answer
PERSON = "console"  # in whose name notifier is asked, since the answer is for whoever looks
ENTRIES = 50  # of the log, on a page


async def of_notifier(request: Request, path: str) -> Done | Refused:
    """Returns what notifier says at a path that can be read."""
    owners: Owners = request.app.state.owners
    return await owners.ask(Owner.NOTIFIER, "GET", path, person=PERSON, within=PATIENCE_S)


async def logged(request: Request, subject: str = "") -> list[dict[str, Any]]:
    """Returns who did what about a subject, or about all, and why, the latest first; nothing when notifier does not answer."""
    about = f"&subject={segment(subject)}" if subject else ""
    said = await of_notifier(request, f"/v1/switches/log?limit={ENTRIES}{about}")
    return [
        {name: text(each, name) for name in ("by", "act", "reason", "subject")}
        | {"at": moment(each, "at"), "customers": mapped(each, "figures").get("customers")}
        for each in (listed(said.answer, "items") if isinstance(said, Done) else ())
    ]


async def changed_at(request: Request, path: str) -> Response:
    """Returns the answer to a form that changed what people allow: the next page shows it as it is now."""
    watch: Watch = request.app.state.watch
    await watch.look()
    return done_at(request, path)
