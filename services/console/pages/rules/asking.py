"""Asks monitor about rules, for the pages below Rules."""

import re
from collections.abc import Mapping

from fastapi import Request

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused
from services.console.acting.owners import Owners

PATIENCE_S = 1.5
PERSON = "console"  # in whose name monitor is asked, since the answer is for whoever looks


is_number = re.compile(r"[0-9]{1,9}").fullmatch  # of a publication
is_id = re.compile(r"[A-Za-z0-9-]{1,64}").fullmatch  # of a backtest


async def of_monitor(request: Request, path: str) -> Done | Refused:
    """Returns what monitor says at a path that can be read."""
    owners: Owners = request.app.state.owners
    return await owners.ask(Owner.MONITOR, "GET", path, person=PERSON, within=PATIENCE_S)


def looked_at(typed: Mapping[str, str]) -> dict[str, str]:
    """Returns the version of the rules in force when the page was drawn, as monitor takes it; nothing of a page that had none."""
    return {"version": typed["version"]} if typed.get("version") else {}
