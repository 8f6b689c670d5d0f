"""Property: whatever happens between looking and approving, nobody is told but in the words and the audience that a person saw."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.settings import Settings
from tests.flow.notifier_consent import ask, customers, small_stage, story, told, touch, waiting
from tests.flow.notifier_stage import Stage, opened, still_failing, updated

pytestmark = pytest.mark.asyncio

CHANGES = ("grows", "shrinks", "other title", "other words")
HARMLESS = ("goes on", "looked at again", "told again")


async def happen(on: Stage, what: str, approval_id: str, incident_id: str, number: int) -> None:
    """Has something happen to an audience that waits."""
    url = f"/v1/approvals/{approval_id}"
    match what:
        case "grows":
            await touch(on, f"{incident_id}-late-{number}", incident_id=incident_id, chunk=number + 1)
        case "shrinks":
            body = {"customers": [f"{incident_id}-c-{number + 1}"], "reason": "r"}
            assert (await ask(on, "POST", f"{url}/remove", body)).status_code == 200
        case "other title":
            await on.hear(updated(on.now, incident_id, revision=100 + number, title=f"title {number}"))
        case "other words":
            words = {"words": {"subject": f"subject {number}", "body": "Hello {name}."}, "reason": "r"}
            assert (await ask(on, "POST", f"{url}/words", words)).status_code == 200
        case "goes on":
            await on.hear(still_failing(on.now, incident_id))
        case "looked at again":
            await story(on, approval_id)
        case "told again":
            await on.hear(opened(on.now, incident_id))


async def test_a_consent_counts_for_exactly_what_was_seen(fresh_database: Settings, tmp_path: Path) -> None:
    incidents = iter(range(1000))
    async with small_stage(fresh_database, tmp_path) as on:
        loop = _Loop(on)

        @settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.sampled_from(CHANGES + HARMLESS), max_size=3))
        def examples(happening: list[str]) -> None:
            loop.examples.append((f"i{next(incidents)}", happening))

        examples()
        for incident_id, happening in loop.examples:
            await loop.consent(incident_id, happening)
        assert {what for _, happening in loop.examples for what in happening} == {*CHANGES, *HARMLESS}


class _Loop:
    """Plays what hypothesis has drawn: the stage lives in the loop of the test, which hypothesis cannot enter."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.examples: list[tuple[str, list[str]]] = []

    async def consent(self, incident_id: str, happening: list[str]) -> None:
        on, before = self.on, await told(self.on)
        await touch(on, *(f"{incident_id}-{each}" for each in customers(5)), incident_id=incident_id)
        [approval] = [each for each in await waiting(on) if each["gate"] == incident_id]
        seen = (await story(on, approval["id"]))["seen"]
        for number, what in enumerate(happening):
            await happen(on, what, approval["id"], incident_id, number)
        answer = await ask(on, "POST", f"/v1/approvals/{approval['id']}/approve", {"seen": seen})
        await on.loop.settle()
        changed = bool({*happening} & {*CHANGES})
        assert (answer.status_code == 409, await told(on) == before) == (changed, changed), happening
        await ask(on, "POST", f"/v1/approvals/{approval['id']}/reject", {"reason": "the example is over"})
        await on.loop.settle()
