"""Notes what people do in the console itself, and tells open pages of it."""

from collections.abc import Mapping
from typing import Any

from services.console.live.changes import changed, enter
from services.console.store import audit
from shared.postgres import Tx


async def noted(
    tx: Tx,
    person: str,
    role: str,
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = "done",
    form_id: str | None = None,
) -> None:
    """Writes the audit row, and draws open pages of the log anew. It comes last in `tx`, since others wait for the gate that it takes."""
    await audit.record(tx, person=person, role=role, act=act, subject=subject, before=before, after=after, outcome=outcome, form_id=form_id)
    await enter(tx)
    await changed(tx, ["audit"])
