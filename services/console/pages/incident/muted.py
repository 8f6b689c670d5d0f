"""Asks monitor what opened no incident because of one that is open. A monitor that does not answer, or says less, leaves gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done
from services.console.acting.owners import Owners
from services.console.frame.words import segment

PATIENCE_S = 1.0
PERSON = "console"  # in whose name monitor is asked, since the answer is for whoever looks


@dataclass(frozen=True, slots=True)
class Muted:
    """Trouble that opened no incident."""

    title: str
    rule: str
    component: str
    severity: str
    first_at: datetime | None
    last_at: datetime | None


async def muted_by(request: Request, incident_id: str) -> list[Muted]:
    """Returns the trouble that this incident muted, the latest first; none when monitor does not answer in a second."""
    owners: Owners = request.app.state.owners
    path = f"/v1/incidents/{segment(incident_id)}/muted"
    said = await owners.ask(Owner.MONITOR, "GET", path, person=PERSON, within=PATIENCE_S)
    items = said.answer.get("items") if isinstance(said, Done) else None
    return [_row(each) for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def _row(said: Mapping[str, Any]) -> Muted:
    title, rule, component, severity = (str(said.get(name) or "") for name in ("title", "rule", "component", "severity"))
    return Muted(title, rule, component, severity, _moment(said.get("first_at")), _moment(said.get("last_at")))


def _moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None
