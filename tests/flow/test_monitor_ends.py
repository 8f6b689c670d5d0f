"""People end incidents: the trouble is over, or it was a false alarm; only what comes after that moment can open one again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events import IncidentDismissed, IncidentOpened, IncidentResolved, IncidentUpdated
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, SEARCH, WELL, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

ENDS = ("resolve", "dismiss")
STATUS = {"resolve": "resolved", "dismiss": "dismissed"}


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    """Yields monitor with an incident that has been failing for twenty seconds."""
    async with watching(fresh_database, tmp_path) as made:
        await made.live(20, FAILING)
        yield made


async def end(watch: Watch, how: str, said: dict[str, Any] | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    """Ends the first incident, as a person does."""
    incident, *_ = await watch.incidents()
    async with watch.agent() as agent:
        answer = await agent.post(f"/v1/incidents/{incident['id']}/{how}", json=said, headers=headers)
    await watch.topics.relay(watch.service.database)
    return answer.status_code, answer.json()


async def test_a_person_resolves_an_incident_and_says_whether_to_tell(watch: Watch) -> None:
    status, answer = await end(watch, "resolve", {"note": "switched back to the old provider", "tell": False})
    assert status == 200
    assert (answer["status"], answer["by"], answer["note"]) == ("resolved", "agent", "switched back to the old provider")
    assert answer["resolved_at"] == answer["ended_at"]
    [resolved] = watch.said(IncidentResolved)
    assert (resolved.data.by, resolved.data.note, resolved.data.tell) == ("agent", "switched back to the old provider", False)
    assert (resolved.data.resolved_at, resolved.data.affected) == (watch.clock.now, 20)
    assert revisions(watch.facts()) == list(range(len(watch.facts())))


async def test_a_person_dismisses_a_false_alarm(watch: Watch) -> None:
    status, answer = await end(watch, "dismiss")
    assert (status, answer["status"], answer["resolved_at"]) == (200, "dismissed", None)
    [dismissed] = watch.said(IncidentDismissed)
    assert (dismissed.data.by, dismissed.data.note, dismissed.data.tell) == ("agent", "", True)
    assert dismissed.data.dismissed_at == watch.clock.now
    assert watch.said(IncidentResolved) == []


@pytest.mark.parametrize("how", ENDS)
async def test_trouble_that_goes_on_after_a_persons_end_opens_another_incident_by_new_evidence_only(how: str, watch: Watch) -> None:
    # Given an incident that a person ended
    await end(watch, how)
    ended_at = watch.clock.now
    # When time goes on while others speak, the windows that hold the same events open nothing
    await watch.live(14, SEARCH)
    # nor do two seconds of failures, which are too few by themselves
    await watch.live(2, FAILING)
    assert [incident["status"] for incident in await watch.incidents()] == [STATUS[how]]
    # but more of them do, and that is another incident which began after the end
    await watch.live(3, FAILING)
    first, second = await watch.incidents()
    assert (first["status"], second["status"]) == (STATUS[how], "open")
    assert second["started_at"] > ended_at
    assert watch.said(IncidentOpened)[-1].subject == second["id"]
    # which ends by itself
    await watch.live(30, WELL)
    assert [incident["status"] for incident in await watch.incidents()] == [STATUS[how], "resolved"]


async def test_detection_that_holds_the_incident_as_open_learns_of_its_end_before_it_says_anything(watch: Watch) -> None:
    # Given partials that detection has taken into memory, of which it says that the incident still fails
    _, partials, *_ = watch.consumers
    await partials.revoke()
    for _ in range(40):
        await watch.live(1, FAILING)
        await watch.pass_time(seconds=9)
    # When a person ends it first
    await end(watch, "resolve")
    said = len(watch.facts())
    # Then nothing more is said of it
    await partials.assign()
    await watch.loop.settle()
    assert len(watch.facts()) == said
    assert watch.said(IncidentUpdated) == [fact for fact in watch.said(IncidentUpdated) if fact.time < watch.clock.now]


@pytest.mark.parametrize("again", ENDS)
@pytest.mark.parametrize("how", ENDS)
async def test_what_has_ended_is_not_ended_twice(how: str, again: str, watch: Watch) -> None:
    await end(watch, how)
    said = len(watch.facts())
    status, problem = await end(watch, again)
    assert (status, problem["current"]) == (409, STATUS[how])
    assert len(watch.facts()) == said


async def test_a_key_makes_an_end_come_once(watch: Watch) -> None:
    first = await end(watch, "resolve", {"note": "over"}, **{"Idempotency-Key": "k-1"})
    second = await end(watch, "resolve", {"note": "over"}, **{"Idempotency-Key": "k-1"})
    assert first == second
    assert first[0] == 200
    assert (await end(watch, "resolve", {"note": "over again"}, **{"Idempotency-Key": "k-1"}))[0] == 422
    assert len(watch.said(IncidentResolved)) == 1


async def test_an_incident_that_is_not_there_cannot_be_ended(watch: Watch) -> None:
    async with watch.agent() as agent:
        for how in ENDS:
            assert (await agent.post(f"/v1/incidents/i-9/{how}")).status_code == 404
            assert (await agent.post(f"/v1/incidents/i-9/{how}", json={"note": 7})).status_code == 422
            assert (await agent.post(f"/v1/incidents/i-9/{how}", json={"notes": "x"})).status_code == 422


async def test_a_monitor_that_starts_after_a_persons_end_does_not_open_the_same_trouble_again(watch: Watch) -> None:
    await end(watch, "dismiss")
    await watch.start()
    await watch.pass_time(seconds=5)
    await watch.live(2, FAILING)
    assert [incident["status"] for incident in await watch.incidents()] == ["dismissed"]
    assert timedelta() < watch.clock.now - (await watch.incidents())[0]["ended_at"]


async def test_an_end_that_the_version_before_wrote_down_beside_us_is_an_end(watch: Watch) -> None:
    async with watch.service.database.connection() as connection:
        await connection.execute("UPDATE incidents SET status = 'resolved', resolved_at = $1", watch.clock.now)
    await watch.pass_time(seconds=5)
    await watch.live(5, FAILING)
    assert [incident["status"] for incident in await watch.incidents()] == ["resolved", "open"]
    async with watch.agent() as agent:
        [_, first] = (await agent.get("/v1/incidents")).json()["items"]
        assert first["ended_at"] == first["resolved_at"] is not None
        assert [each["status"] for each in (await agent.get("/v1/incidents?status=resolved")).json()["items"]] == ["resolved"]


async def test_incidents_are_found_by_how_they_ended(watch: Watch) -> None:
    await end(watch, "dismiss")
    async with watch.agent() as agent:
        found = {
            status: len((await agent.get(f"/v1/incidents?status={status}")).json()["items"])
            for status in ("open", "resolved", "withdrawn", "dismissed")
        }
    assert found == {"open": 0, "resolved": 0, "withdrawn": 0, "dismissed": 1}
