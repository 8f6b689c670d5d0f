"""The table of incidents' stories: every fact about an incident is a step."""

from datetime import datetime
from pathlib import Path

from services.monitor.incidents.life import IncidentRow
from services.monitor.incidents.story import BY_PEOPLE, CHANGES, PASSING, Step
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


async def add(tx: Tx, row: IncidentRow, step: Step, at: datetime) -> None:
    """Adds the step that made the incident what it is now. Of what passes only the latest steps are kept."""
    said = step.said | ({"note": step.note} if step.note else {})
    await tx.execute(queries.add_step, row.id, row.revision, at, step.kind, step.by, said, step.why)
    if step.kind in PASSING:
        await tx.execute(queries.forget_steps, row.id, list(PASSING), CHANGES)


async def is_full(tx: Tx, incident_id: str) -> bool:
    """Says whether people have taken as many steps with the incident as are kept."""
    return bool(await tx.fetchval(queries.steps_by_people, incident_id) >= BY_PEOPLE)
